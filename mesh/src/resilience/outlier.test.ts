import { describe, expect, test, vi } from 'vitest';
import { createOutlierDetector, type OutlierOptions, type Watched } from './outlier.ts';

const second = 1000;

/** A detector on a clock that the test moves, with endpoints that are named by letters. */
function make(names: string, options: OutlierOptions<string> = {}) {
  const clock = { now: 0 };
  const events: string[] = [];
  const detector = createOutlierDetector<string>({
    now: () => clock.now,
    onEject: (name, { reason, forMs }) => events.push(`${name} out for ${forMs / second} s: ${reason}`),
    onReturn: (name) => events.push(`${name} back`),
    ...options,
  });
  const watched = new Map<string, Watched>();
  const add = (name: string): void => void watched.set(name, detector.add(name));
  for (const name of names) add(name);
  const at = (name: string): Watched => {
    const found = watched.get(name);
    if (!found) throw new Error(`no endpoint ${name}`);
    return found;
  };
  /** So many calls to each, of which those to the failing all fail; judged a second later. */
  const calls = (failing: string, times = 30): void => {
    for (const [name, each] of watched)
      for (let call = 0; call < times; call++) each[failing.includes(name) ? 'failure' : 'success']();
    clock.now += second;
    watched.values().next().value?.success();
  };
  /** One success of each in every second. */
  const fineFor = (ms: number): void => {
    for (const until = clock.now + ms; clock.now < until; clock.now += second)
      for (const each of watched.values()) each.success();
  };
  const out = () => [...watched].filter(([, { ejected }]) => ejected).map(([name]) => name);
  return { clock, events, at, add, calls, fineFor, out };
}

describe('an outlier', () => {
  test('is ejected, and returns after half a minute with all forgotten', () => {
    const { clock, events, at, calls, out } = make('abc');
    calls('b');
    expect([out(), events]).toEqual([['b'], ['b out for 30 s: failures']]);
    clock.now += 30 * second - 1;
    at('a').success();
    expect(out()).toEqual(['b']);
    clock.now += second;
    for (let call = 0; call < 30; call++) at('b').failure();
    expect([out(), events.at(-1)]).toEqual([[], 'b back']);
  });

  test('is ejected for its latency', () => {
    const latencies: Record<string, number> = { a: 2, b: 100, c: 3 };
    const { events, calls } = make('abc', { latencyMs: (name) => latencies[name] ?? 0 });
    calls('');
    expect(events).toEqual(['b out for 30 s: latency']);
  });

  test('is one only by what the last ten seconds hold', () => {
    const { clock, at, calls, out } = make('abc', { judgeEveryMs: 11 * second });
    calls('b');
    clock.now = 11 * second;
    at('a').success();
    expect(out()).toEqual([]);
  });

  test('is none by failures that are over: those before them leave the window first', () => {
    const { clock, at, fineFor, out } = make('ab');
    for (let call = 0; call < 300; call++) for (const name of 'ab') at(name).success();
    clock.now = 5 * second;
    for (let call = 0; call < 25; call++) at('b').success();
    for (let call = 0; call < 10; call++) at('b').failure();
    for (let call = 0; call < 30; call++) at('a').success();
    fineFor(9 * second);
    expect(out()).toEqual([]);
  });

  test('is none by failures while a breaker keeps calls from it', () => {
    const open = new Set('b');
    const { calls, out } = make('abc', { leftAlone: (name) => open.has(name) });
    calls('b');
    expect(out()).toEqual([]);
    open.clear();
    calls('b');
    expect(out()).toEqual(['b']);
  });

  test('is judged once a second', () => {
    const { clock, at, out } = make('ab');
    at('a').success();
    clock.now = second;
    at('a').success();
    for (let call = 0; call < 100; call++) {
      at('a').success();
      at('b').failure();
    }
    clock.now = 2 * second - 1;
    at('b').failure();
    expect(out()).toEqual([]);
    clock.now = 2 * second;
    at('b').failure();
    expect(out()).toEqual(['b']);
  });

  test('is judged by rules that may be changed one by one', () => {
    const { calls, out } = make('abc', { rules: { minimumCalls: 5 } });
    calls('b', 5);
    expect(out()).toEqual(['b']);
  });

  test('that is told of while it is out counts no more when it is back', () => {
    const { clock, at, calls, out } = make('abc');
    calls('b');
    clock.now += 29 * second;
    for (let call = 0; call < 100; call++) at('b').failure();
    clock.now += second;
    at('a').success();
    clock.now += second;
    calls('', 0);
    expect(out()).toEqual([]);
  });
});

describe('no more than half are out', () => {
  test.each([
    ['a', 'a', 0],
    ['ab', 'ab', 0],
    ['ab', 'a', 1],
    ['abc', 'ab', 1],
    ['abcd', 'ab', 2],
    ['abcd', 'abc', 2],
    ['abcdefghij', 'abcdefgh', 5],
  ])('of %s, where %s fail', (names, failing, count) => {
    const { calls, out } = make(names);
    calls(failing);
    calls(failing);
    expect(out()).toHaveLength(count);
  });

  test('by which the next one waits until another is back', () => {
    const { events, calls, out } = make('abc');
    calls('b');
    for (let time = 0; time < 29; time++) calls('c');
    expect(out()).toEqual(['b']);
    calls('c');
    expect([out(), events.slice(1)]).toEqual([['c'], ['b back', 'c out for 30 s: failures']]);
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
        made.at('a').success();
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
    for (let call = 0; call < 100; call++) gone.failure();
    at('c').success();
    expect(events.filter((event) => event.startsWith('a'))).toEqual(['a out for 30 s: failures']);
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
    const gone: Watched[] = [];
    const { clock, events, at, calls } = make('abcd', {
      onReturn: (name) => {
        events.push(`${name} back`);
        for (const each of gone) each.remove();
      },
    });
    calls('ab');
    gone.push(at('b'));
    clock.now += 30 * second;
    at('c').success();
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
    const { at, out } = make('ab');
    for (let call = 0; call < 100; call++) {
      at('a').success();
      at('b').failure();
    }
    expect(out()).toEqual([]);
  });

  test('that jumps brings everybody back, and that goes back too', () => {
    for (const jumpMs of [3_600_000, -second]) {
      const { clock, at, calls, out } = make('ab');
      clock.now = 100 * second;
      calls('b');
      expect(out()).toEqual(['b']);
      clock.now += jumpMs;
      at('a').success();
      expect([jumpMs, out()]).toEqual([jumpMs, []]);
    }
  });
});

test('with one endpoint, and nobody told, nothing ever happens', () => {
  const latencyMs = vi.fn(() => 5000);
  const only = createOutlierDetector<string>({ latencyMs }).add('a');
  for (let call = 0; call < 1000; call++) only.failure();
  expect([only.ejected, latencyMs.mock.calls.length]).toEqual([false, 0]);
});
