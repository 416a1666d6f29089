import { describe, expect, test, vi } from 'vitest';
import { Bulkhead, type BulkheadOptions } from './bulkhead.ts';

/** A bulkhead that is full. */
function full(options: BulkheadOptions & { maxInFlight: number }) {
  const bulkhead = new Bulkhead(options);
  while (bulkhead.tryEnter());
  return bulkhead;
}

/** Queues each name; tells whose turn came, in order. */
function queueAll(bulkhead: Bulkhead, names: Iterable<string>) {
  const turns: string[] = [];
  const places = Array.from(names, (name) => bulkhead.queue(() => turns.push(name)));
  return { turns, places };
}

const counts = ({ inFlight, queued }: Bulkhead) => [inFlight, queued];

describe('the bounds', () => {
  test('are 1024 in flight and 1024 in the queue', () => {
    const bulkhead = new Bulkhead();
    let entered = 0;
    while (bulkhead.tryEnter()) entered++;
    let queued = 0;
    while (bulkhead.queue(() => {})) queued++;
    expect([entered, queued, ...counts(bulkhead)]).toEqual([1024, 1024, 1024, 1024]);
  });

  test('let one in for each that leaves', () => {
    const bulkhead = full({ maxInFlight: 2 });
    bulkhead.leave();
    expect([bulkhead.tryEnter(), bulkhead.tryEnter(), ...counts(bulkhead)]).toEqual([true, false, 2, 0]);
  });

  test('may allow no queue', () => {
    const bulkhead = full({ maxInFlight: 1, maxQueued: 0 });
    const onTurn = vi.fn();
    expect(bulkhead.queue(onTurn)).toBeUndefined();
    bulkhead.leave();
    expect([onTurn.mock.calls.length, ...counts(bulkhead)]).toEqual([0, 0, 0]);
  });

  test('count who gave up no more', () => {
    const bulkhead = full({ maxInFlight: 1, maxQueued: 1 });
    const { places } = queueAll(bulkhead, 'a');
    expect(bulkhead.queue(() => {})).toBeUndefined();
    places[0]?.cancel();
    expect(bulkhead.queue(() => {})).toBeDefined();
  });
});

describe('turns', () => {
  test('come in order, one for each that leaves, with nobody between', () => {
    const bulkhead = full({ maxInFlight: 2 });
    const { turns } = queueAll(bulkhead, 'abc');
    expect([turns, counts(bulkhead)]).toEqual([[], [2, 3]]);
    bulkhead.leave();
    expect([turns, counts(bulkhead), bulkhead.tryEnter()]).toEqual([['a'], [2, 2], false]);
    bulkhead.leave();
    bulkhead.leave();
    expect([turns, counts(bulkhead)]).toEqual([
      ['a', 'b', 'c'],
      [2, 0],
    ]);
    bulkhead.leave();
    bulkhead.leave();
    expect(counts(bulkhead)).toEqual([0, 0]);
  });

  test('pass over who gave up: first, last or between', () => {
    const bulkhead = full({ maxInFlight: 1 });
    const { turns, places } = queueAll(bulkhead, 'abcde');
    for (const index of [0, 2, 4]) places[index]?.cancel();
    expect(counts(bulkhead)).toEqual([1, 2]);
    for (let time = 0; time < 3; time++) bulkhead.leave();
    expect([turns, counts(bulkhead)]).toEqual([
      ['b', 'd'],
      [0, 0],
    ]);
  });

  test('that are given up twice, or after they came, change nothing', () => {
    const bulkhead = full({ maxInFlight: 1 });
    const { turns, places } = queueAll(bulkhead, 'abc');
    places[1]?.cancel();
    places[1]?.cancel();
    bulkhead.leave();
    places[0]?.cancel();
    expect([turns, counts(bulkhead)]).toEqual([['a'], [1, 1]]);
  });

  test('come at once where there is room', () => {
    const bulkhead = new Bulkhead({ maxInFlight: 1 });
    const { turns } = queueAll(bulkhead, 'ab');
    expect([turns, counts(bulkhead)]).toEqual([['a'], [1, 1]]);
  });

  test('that leave at once come in order, and need no stack of their own', () => {
    const bulkhead = full({ maxInFlight: 1, maxQueued: 100_000 });
    const turns: number[] = [];
    const past: boolean[] = [];
    for (let index = 0; index < 100_000; index++) {
      bulkhead.queue(() => {
        turns.push(index);
        bulkhead.leave();
        past.push(bulkhead.tryEnter());
      });
    }
    bulkhead.leave();
    expect(turns).toEqual(Array.from(turns.keys()));
    // Only the last has nobody behind.
    expect([past.indexOf(true), ...counts(bulkhead)]).toEqual([99_999, 1, 0]);
  });

  test('may give up for others, and queue again', () => {
    const bulkhead = full({ maxInFlight: 1 });
    const turns: string[] = [];
    bulkhead.queue(() => {
      turns.push('a');
      second?.cancel();
      bulkhead.queue(() => turns.push('c'));
    });
    const second = bulkhead.queue(() => turns.push('b'));
    bulkhead.leave();
    expect([turns, counts(bulkhead)]).toEqual([['a'], [1, 1]]);
    bulkhead.leave();
    expect(turns).toEqual(['a', 'c']);
  });

  test('that throw are heard of by who left, hold their place, and end nothing', () => {
    const bulkhead = full({ maxInFlight: 1 });
    const last = vi.fn();
    bulkhead.queue(() => {
      throw new Error('no');
    });
    bulkhead.queue(last);
    expect(() => bulkhead.leave()).toThrow('no');
    expect([last.mock.calls.length, ...counts(bulkhead)]).toEqual([0, 1, 1]);
    bulkhead.leave();
    expect([last.mock.calls.length, ...counts(bulkhead)]).toEqual([1, 1, 0]);
  });
});

test('to leave where nobody is in is an error, which changes nothing', () => {
  const bulkhead = new Bulkhead({ maxInFlight: 1 });
  expect(() => bulkhead.leave()).toThrow('more often');
  expect([bulkhead.tryEnter(), bulkhead.tryEnter()]).toEqual([true, false]);
});
