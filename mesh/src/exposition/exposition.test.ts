import { describe, expect, test } from 'vitest';
import { Exposition, expositionBounds } from './exposition.ts';
import { ExpositionError, type SeriesName } from './exposition-line.ts';

/** Reads texts one after another, as of one process; each gives its series with their values. */
function reader(wanted: (series: SeriesName) => boolean = () => true) {
  const bound: string[] = [];
  const exposition = new Exposition((series) => {
    bound.push(series.name);
    return wanted(series) ? { name: series.name, labels: { ...series.labels } } : undefined;
  });
  return {
    bound,
    read: (text: string) =>
      exposition.read(text).map(({ bound: { name, labels }, value }) => ({ name, labels, value })),
  };
}

describe('the text format', () => {
  test.each<[string, Record<string, string>, number]>([
    ['up 1', {}, 1],
    ['up{} 1', {}, 1],
    ['up{a="b",} 1.5e3', { a: 'b' }, 1500],
    ['up { a = "b" , c="" }  -0.5', { a: 'b', c: '' }, -0.5],
    [String.raw`up{path="a\\b \"c\" d\ne}"} 2`, { path: 'a\\b "c" d\ne}' }, 2],
    ['up{__proto__="x"} 3', JSON.parse('{"__proto__":"x"}') as Record<string, string>, 3],
    ['up +Inf', {}, Infinity],
    ['up -Inf', {}, -Infinity],
    ['up NaN', {}, NaN],
    ['up 4 1700000000000', {}, 4],
    ['up{a="b"} 5 # {trace_id="0af7651916cd43dd8448eb211c80319c"} 0.67 1520879607.789', { a: 'b' }, 5],
    ['up 6 1700000000 # {} 1', {}, 6],
    ['up\t7\r', {}, 7],
  ])('%s', (line, labels, value) => {
    const text = `# HELP up Whether it is up\n# TYPE up gauge\n\n${line}\n# EOF\n`;
    expect(reader().read(text)).toEqual([{ name: 'up', labels, value }]);
  });

  test('no line feed at the end, and no text at all', () => {
    expect(reader().read('a 1\nb 2')).toMatchObject([{ value: 1 }, { value: 2 }]);
    expect(reader().read('')).toEqual([]);
  });
});

describe('what is refused, with the line', () => {
  test.each([
    ['', '1up 1', '"1up 1" does not begin with the name of a metric'],
    ['<!doctype html>', '<html>', '"<!doctype html>" does not begin'],
    ['', 'up', '"" is not a value'],
    ['', 'up{a="b"}', '"" is not a value'],
    ['', 'up one', '"one" is not a value'],
    ['', 'up 1 2 3', '"1 2 3" is not a value'],
    ['', 'up 1 yesterday', '"1 yesterday" is not a value'],
    ['', 'up{a="b"}1', 'has no space before its value'],
    ['', 'up{a="b" 1', 'has labels that cannot be read'],
    ['', 'up{a=b} 1', 'has labels that cannot be read'],
    ['', 'up{a="b"c="d"} 1', 'has labels that cannot be read'],
    ['', 'up{a="b\\"} 1', 'has labels that cannot be read'],
    ['', 'up{a="b",a="c"} 1', 'has the label a twice'],
    ['', `up{a="${'x'.repeat(1025)}"} 1`, 'or its value has more than 1024'],
    ['', `up{${'x'.repeat(129)}="1"} 1`, 'has a label of more than 128 characters'],
    ['', `${'u'.repeat(129)} 1`, 'has a name of 129 characters; at most 128 are read'],
    ['', `up{${Array.from({ length: 33 }, (_, n) => `l${n}="1"`).join(',')}} 1`, 'has more than 32 labels'],
    ['up{a="b"} 1', 'up{a="b"} 2', 'appears twice'],
    ['up 1', '\0\0\0', 'does not begin with the name of a metric'],
  ])('%j %j', (first, second, message) => {
    const read = () => reader().read(`${first}\n${second}\n`);
    expect(read).toThrow(ExpositionError);
    expect(read).toThrow(message);
  });

  test('a text that is too long, and one of too many lines', () => {
    expect(() => reader().read('x'.repeat(expositionBounds.characters + 1))).toThrow(
      'The text has 8388609 characters; at most 8388608 are read',
    );
    expect(() => reader().read('\n'.repeat(expositionBounds.lines + 1))).toThrow('more than 50000 lines');
  });

  test('a label without an end costs no more than its length', () => {
    const started = performance.now();
    expect(() => reader().read(`up{a="${String.raw`\\`.repeat(500_000)}`)).toThrow(ExpositionError);
    expect(performance.now() - started).toBeLessThan(1000);
  });
});

describe('one text after another', () => {
  test('series come, go and change places', () => {
    const { read } = reader();
    const values = (text: string) => read(text).map(({ name, value }) => `${name}${value}`);
    expect(values('a 1\nb 2\nc 3\n')).toEqual(['a1', 'b2', 'c3']);
    expect(values('a 4\nb 5\nc 6\n')).toEqual(['a4', 'b5', 'c6']);
    expect(values('a 1\nnew 9\nb 2\nc 3\n')).toEqual(['a1', 'new9', 'b2', 'c3']);
    expect(values('c 3\na 1\n')).toEqual(['c3', 'a1']);
    expect(values('a 1\nb 2\nc 3\n')).toEqual(['a1', 'b2', 'c3']);
    expect(values('ab 1\nb 2\n')).toEqual(['ab1', 'b2']);
  });

  test('a series is bound once while it stays, and again after it was away: names that change do not add up', () => {
    const { read, bound } = reader();
    for (let text = 0; text < 3; text += 1) read('a 1\nb 2\n');
    expect(bound).toEqual(['a', 'b']);
    read('b 2\n');
    read('a 1\nb 2\n');
    expect(bound).toEqual(['a', 'b', 'a']);
  });

  test('of a text that is refused, nothing is used', () => {
    const exposition = new Exposition(({ name }) => ({ name }));
    const [sample] = exposition.read('a 1\nb 2\n');
    expect(() => exposition.read('a 5\nb two\n')).toThrow('"two" is not a value');
    expect(() => exposition.read('a 5\na 6\n')).toThrow('appears twice');
    expect(sample).toMatchObject({ bound: { name: 'a' }, value: 1, previous: undefined });
    expect(exposition.read('a 2\nb 2\n')[0]).toBe(sample);
    expect(sample).toMatchObject({ value: 2, previous: 1 });
  });

  test('series that are not wanted are checked, and not returned', () => {
    const { read } = reader(({ name }) => name === 'b');
    expect(read('a{x="y"} 1\nb 2\n')).toEqual([{ name: 'b', labels: {}, value: 2 }]);
    expect(() => read('a{x="y"} ?\nb 2\n')).toThrow('is not a value');
  });
});
