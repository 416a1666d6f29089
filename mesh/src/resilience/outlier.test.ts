import { describe, expect, test, vi } from 'vitest';
import { OutlierDetector, type OutlierOptions, type Watched } from './outlier.ts';

const second = 1000;

/** A detector on a clock that the test moves, with endpoints that are named by letters. */
function make(names: string, options: Partial<OutlierOptions<string>> = {}) {
  const clock = { now: 0 };
  const events: string[] = [];
  let slow = '';
  const detector = new OutlierDetector<string>({
    now: () => clock.now,
    latencyMs: (name) => (slow.includes(name) ? 100 : 2),
    onEject: (name, forMs) => events.push(`${name} out for ${forMs / second} s`),
    onReturn: (name) => events.push(`${name} back`),
    ...options,
  });
  const watched = new Map<string, Watched<string>>();
  const add = (name: string): void => void watched.set(name, detector.add(name));
  for (const name of names) add(name);
  const at = (name: string): Watched<string> => {
    const found = watched.get(name);
    if (!found) throw new Error(`no endpoint ${name}`);
    return found;
  };
  /** So many answers of each, of which some are slow; judged a second later. */
  const calls = (slowOnes: string, times = 30): void => {
    slow = slowOnes;
    for (const each of watched.values()) for (let call = 0; call < times; call++) each.answered();
    clock.now += second;
    watched.values().next().value?.answered();
  };
  /** One quick answer of each in every second. */
  const fineFor = (ms: number): void => {
    slow = '';
    for (const until = clock.now + ms; clock.now < until; clock.now += second)
      for (const each of watched.values()) each.answered();
  };
  const out = () => [...watched].filter(([, { ejected }]) => ejected).map(([name]) => name);
  return { clock, events, at, add, calls, fineFor, out };
}

describe('an outlier', () => {
  test('is ejected, and returns after half a minute with all forgotten', () => {
    const { clock, events, at, calls, out } = make('abc');
    calls('b');
    expect([out(), events]).toEqual([['b'], ['b out for 30 s']]);
    clock.now += 30 * second - 1;
    at('a').answered();
    expect(out()).toEqual(['b']);
    clock.now += second;
    for (let call = 0; call < 19; call++) at('b').answered();
    clock.now += second;
    at('a').answered();
    expect([out(), events.at(-1)]).toEqual([[], 'b back']);
  });

  test('is one only by what the last ten seconds hold', () => {
    const { clock, at, calls, out } = make('abc', { judgeEveryMs: 11 * second });
    calls('b');
    clock.now = 11 * second;
    at('a').answered();
    expect(out()).toEqual([]);
  });

  test('is judged once a second', () => {
    const { clock, at, calls, out } = make('ab');
    calls('b', 0);
    clock.now = 2 * second;
    at('a').answered();
    for (let call = 0; call < 100; call++) at('b').answered();
    clock.now = 3 * second - 1;
    at('b').answered();
    expect(out()).toEqual([]);
    clock.now = 3 * second;
    at('b').answered();
    expect(out()).toEqual(['b']);
  });

  test.each([
    ['above ten times the median of the others', [101, 10, 10], 'a'],
    ['not at ten times', [100, 10, 10], ''],
    ['not up to 50 ms', [50, 1], ''],
    ['but above', [51, 1], 'a'],
    ['not for a median that one other moves', [100, 1, 30], ''],
    ['nor by what one other cannot move', [300, 1, 1, 4000], 'ad'],
    ['the slowest first', [200, 300, 1, 1, 1], 'ab'],
    ['not where no other is known', [500, 0, Number.NaN], ''],
    ['not one that is unknown itself', [Number.NaN, Infinity, 1], ''],
  ])('is one %s', (_, latencies, expected) => {
    const names = 'abcde'.slice(0, latencies.length);
    const { calls, out } = make(names, { latencyMs: (name) => latencies[names.indexOf(name)] ?? 0 });
    calls('');
    expect(out().join('')).toBe(expected);
  });

  test('is judged by 20 answers or more', () => {
    const { calls, out } = make('abc');
    calls('b', 19);
    expect(out()).toEqual([]);
    calls('b', 1);
    expect(out()).toEqual(['b']);
  });
});

describe('no more than half are out', () => {
  test.each([
    ['a', 'a', 0],
    ['ab', 'ab', 0],
    ['ab', 'a', 1],
    ['abc', 'ab', 0],
    ['abcd', 'ab', 2],
    ['abcde', 'ab', 2],
    ['abcdefghij', 'abcd', 4],
  ])('of %s, where %s are slow', (names, slow, count) => {
    const { calls, out } = make(names);
    calls(slow);
    calls(slow);
    expect(out()).toHaveLength(count);
  });

  test('by which the next one waits until another is back', () => {
    const { events, calls, out } = make('abc');
    calls('b');
    for (let time = 0; time < 29; time++) calls('c');
    expect(out()).toEqual(['b']);
    calls('c');
    expect([out(), events.slice(1)]).toEqual([['c'], ['b back', 'c out for 30 s']]);
  });
});

describe('how long one is out', () => {
  /** Ejects b so often, each time as soon as it is back, and tells for how long. */
  function eject(made: ReturnType<typeof make>, times: number): number[] {
    const waits: number[] = [];
    for (let time = 0; time < times; time++) {
      made.calls('b');
      const from = made.clock.now;
      while (made.at('b').ejected) {
        made.clock.now += second;
        made.at('a').answered();
      }
      waits.push((made.clock.now - from) / second);
    }
    return waits;
  }

  test('is half a minute more each time, up to five minutes', () => {
    expect(eject(make('abc'), 12)).toEqual([30, 60, 90, 120, 150, 180, 210, 240, 270, 300, 300, 300]);
  });

  test.each([
    [20, 120],
    [31, 90],
    [61, 60],
    [600, 30],
  ])('is less again after %d s of staying in', (fineSeconds, expected) => {
    const made = make('abc');
    eject(made, 3);
    made.fineFor(fineSeconds * second);
    expect(eject(made, 1)).toEqual([expected]);
  });

  test('counts no more than the longest, and is lived down from there', () => {
    const made = make('abc');
    eject(made, 30);
    made.fineFor(9 * 30 * second);
    expect(eject(made, 1)).toEqual([60]);
  });
});

describe('endpoints that come and go', () => {
  test('one that came later is compared', () => {
    const { add, calls, out } = make('a');
    calls('a');
    expect(out()).toEqual([]);
    add('b');
    calls('a');
    expect(out()).toEqual(['a']);
  });

  test('one that goes while it is out is not heard of again', () => {
    const { clock, events, at, calls, out } = make('abcd');
    calls('ab');
    expect(out()).toEqual(['a', 'b']);
    const gone = at('a');
    gone.remove();
    gone.remove();
    expect([gone.ejected, at('b').ejected, events.length]).toEqual([false, true, 2]);
    clock.now += 31 * second;
    for (let call = 0; call < 100; call++) gone.answered();
    at('c').answered();
    expect(events.filter((event) => event.startsWith('a'))).toEqual(['a out for 30 s']);
  });

  test('when others go, those that are due first come back, until half are in', () => {
    const { clock, events, at, calls } = make('abcd');
    calls('b');
    clock.now += second;
    calls('a');
    at('c').remove();
    expect(events.slice(2)).toEqual(['b back']);
    at('d').remove();
    expect(events.slice(3)).toEqual([]);
    at('b').remove();
    expect(events.slice(3)).toEqual(['a back']);
  });

  test('one that goes while the others are told of a return is left alone', () => {
    const gone: Watched<string>[] = [];
    const { clock, events, at, calls } = make('abcd', {
      onReturn: (name) => {
        events.push(`${name} back`);
        for (const each of gone) each.remove();
      },
    });
    calls('ab');
    gone.push(at('b'));
    clock.now += 30 * second;
    at('c').answered();
    expect(events.slice(2)).toEqual(['a back']);
  });

  test('one that is gone is no peer', () => {
    const { at, calls, out } = make('ab');
    calls('a', 19);
    at('b').remove();
    calls('a');
    expect(out()).toEqual([]);
  });
});

describe('the clock', () => {
  test('that stands still judges nobody', () => {
    const { at, out } = make('ab', { latencyMs: (name) => (name === 'b' ? 100 : 2) });
    for (let call = 0; call < 100; call++) for (const name of 'ab') at(name).answered();
    expect(out()).toEqual([]);
  });

  test('that jumps brings everybody back, and that goes back too', () => {
    for (const jumpMs of [3_600_000, -second]) {
      const { clock, at, calls, out } = make('ab');
      clock.now = 100 * second;
      calls('b');
      expect(out()).toEqual(['b']);
      clock.now += jumpMs;
      at('a').answered();
      expect([jumpMs, out()]).toEqual([jumpMs, []]);
    }
  });
});

test('with one endpoint, and nobody told, nothing ever happens', () => {
  const latencyMs = vi.fn(() => 5000);
  const only = new OutlierDetector<string>({ latencyMs }).add('a');
  for (let call = 0; call < 1000; call++) only.answered();
  expect([only.ejected, latencyMs.mock.calls.length]).toEqual([false, 0]);
});
