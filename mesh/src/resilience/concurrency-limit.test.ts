import { describe, expect, test } from 'vitest';
import { ConcurrencyLimit } from './concurrency-limit.ts';
import { Simulation } from './testing/simulation.ts';

/** A limit on the clock of a simulation, and a pool of workers behind it. */
function setUp({ workers = 10, timeoutMs = 5000 } = {}) {
  const simulation = new Simulation();
  const limit = new ConcurrencyLimit({ timeoutMs, now: () => simulation.now });
  const queue: (() => void)[] = [];
  let busy = 0;
  const counts = { done: 0, refused: 0, latencies: [] as number[] };

  /** Asks for a call that keeps one of the workers busy for so long. */
  const call = (workMs: number, share = 1): void => {
    const ticket = limit.tryEnter(share, simulation.now);
    if (!ticket) {
      counts.refused++;
      return;
    }
    const work = (): void => {
      busy++;
      simulation.after(workMs, () => {
        busy--;
        counts.done++;
        counts.latencies.push(simulation.now - ticket.at);
        limit.finish(ticket, simulation.now, 'done');
        queue.shift()?.();
      });
    };
    if (busy < workers) work();
    else queue.push(work);
  };
  /** Makes so many calls a second, evenly. */
  const load = (perSecond: number, seconds: number, workMs = 20, share = 1): void => {
    for (let at = 0; at < seconds * 1000; at += 1000 / perSecond)
      simulation.after(at, () => call(workMs, share));
    simulation.run(seconds * 1000);
  };
  const reset = (): void => {
    counts.done = 0;
    counts.refused = 0;
    counts.latencies.length = 0;
  };
  return { simulation, limit, counts, call, load, reset };
}

describe('ten workers of 20 ms, asked for three times what they can do', () => {
  test.each([
    ['after a quiet time', 10],
    ['from the start', 0],
  ])('do nearly all that they can, and nobody waits long (%s)', (_when, quietSeconds) => {
    const { counts, load, reset } = setUp();
    if (quietSeconds > 0) load(300, quietSeconds);
    expect(counts.refused).toBe(0);
    load(1500, 2);
    reset();
    load(1500, 30);
    expect(counts.done).toBeGreaterThan(0.95 * 500 * 30);
    const longest = Math.max(...counts.latencies);
    expect(longest).toBeLessThan(500);
    expect(counts.refused).toBeGreaterThan(0.9 * 1000 * 30);
  });

  test('refuse nobody any more when it is over, and the limit is as high as ever', () => {
    const { limit, counts, load, reset } = setUp();
    load(300, 5);
    load(1500, 10);
    expect(limit.limit).toBeLessThan(200);
    load(300, 1);
    reset();
    load(300, 4);
    expect([counts.refused, limit.limit]).toEqual([0, 1024]);
  });

  test('are found idle, and take all that comes at once', () => {
    const { simulation, limit, load } = setUp();
    load(300, 5);
    load(1500, 5);
    simulation.run(5000);
    expect([limit.inFlight, limit.limit]).toEqual([0, 1024]);
  });

  test('are not taken for normal within three minutes', () => {
    const { counts, load, reset } = setUp();
    load(300, 5);
    load(1500, 180);
    reset();
    load(1500, 15);
    expect(counts.done).toBeGreaterThan(0.95 * 500 * 15);
    expect(counts.latencies.toSorted((a, b) => a - b).at(counts.latencies.length / 2)).toBeLessThan(500);
  });
});

describe('nothing is refused', () => {
  test('of a thousand calls at once', () => {
    const { simulation, counts, call } = setUp({ workers: 1 });
    for (let round = 0; round < 20; round++) {
      for (let count = 0; count < 1000; count++) call(0.015);
      simulation.run(100);
    }
    expect([counts.done, counts.refused]).toEqual([20_000, 0]);
  });

  test('of 64 that call again as soon as they are answered, on one core', () => {
    const { simulation, limit } = setUp();
    let refused = 0;
    const queue: (() => void)[] = [];
    const again = (): void => {
      const ticket = limit.tryEnter(1, simulation.now);
      if (!ticket) refused++;
      queue.push(() => {
        if (ticket) limit.finish(ticket, simulation.now, 'done');
        again();
      });
    };
    for (let caller = 0; caller < 64; caller++) again();
    for (let count = 0; count < 100_000; count++) {
      simulation.run(0.015);
      queue.shift()?.();
    }
    expect([refused, limit.limit]).toEqual([0, 1024]);
  });

  test('where slow and quick calls are mixed, also when the slow ones become more', () => {
    const { simulation, counts, call } = setUp({ workers: 1000 });
    for (let at = 0; at < 60_000; at += 5) {
      const slow = at % 100 < (at < 30_000 ? 20 : 40);
      simulation.after(at, () => call(slow ? 800 : 5));
    }
    simulation.run(61_000);
    expect(counts.refused).toBe(0);
  });

  test.each([200, 300, 400])('of %i calls at once that are worked off under the usual load', (burst) => {
    const { counts, call, load } = setUp();
    load(300, 5);
    for (let count = 0; count < burst; count++) call(20);
    load(300, 10);
    expect(counts.refused).toBe(0);
  });

  test('of few calls that are slow, whatever comes then', () => {
    const { simulation, counts, call, load } = setUp({ workers: 1000 });
    load(100, 5, 1);
    load(20, 10, 400);
    for (let count = 0; count < 1000; count++) call(1);
    simulation.run(1000);
    expect(counts.refused).toBe(0);
  });

  test('where work has become slower for good, after some minutes', () => {
    const { counts, load, reset } = setUp({ workers: 1000 });
    load(200, 10, 20);
    load(200, 300, 300);
    reset();
    load(200, 30, 300);
    expect(counts.refused).toBe(0);
  });
});

describe('callers who call again as soon as they are answered, and a second after they were refused', () => {
  /** @param workMs How long a call takes, at a time in milliseconds; nothing of it for want of capacity. */
  function keepCalling(callers: number, workMs: (now: number) => number) {
    const { simulation, limit } = setUp();
    const counts = { done: 0, refused: 0 };
    const call = (): void => {
      const ticket = limit.tryEnter(1, simulation.now);
      if (!ticket) {
        counts.refused++;
        simulation.after(1000, call);
        return;
      }
      simulation.after(workMs(simulation.now), () => {
        counts.done++;
        limit.finish(ticket, simulation.now, 'done');
        call();
      });
    };
    for (let caller = 0; caller < callers; caller++) simulation.after(caller / 2, call);
    const pass = (seconds: number) => {
      counts.done = counts.refused = 0;
      simulation.run(seconds * 1000);
      return { ...counts, limit: limit.limit };
    };
    return pass;
  }

  test.each([
    [600, 5],
    [2000, 12],
  ])('are all served some seconds after each call has come to take %i ms', (thenMs, seconds) => {
    const pass = keepCalling(200, (now) => (now < 5000 ? 20 : thenMs));
    pass(5);
    pass(seconds);
    const { done, refused } = pass(60);
    expect(refused).toBe(0);
    expect(done).toBeGreaterThan((0.95 * 200 * 60_000) / thenMs);
  });

  test('are never refused where they wait for 2 s each', () => {
    const pass = keepCalling(200, () => 2000);
    expect(pass(60)).toMatchObject({ refused: 0, limit: 1024 });
  });
});

test('a limit rises while calls fail that are not slow, however many are refused', () => {
  const { simulation, limit, load } = setUp();
  load(300, 5);
  load(1500, 10);
  expect(limit.limit).toBeLessThan(100);
  let refused = 0;
  const call = (): void => {
    const ticket = limit.tryEnter(1, simulation.now);
    if (!ticket) refused++;
    simulation.after(90, () => {
      if (ticket) limit.finish(ticket, simulation.now, 'failed');
      call();
    });
  };
  for (let caller = 0; caller < 200; caller++) call();
  simulation.run(15_000);
  refused = 0;
  simulation.run(5000);
  expect(refused).toBe(0);
});

describe('calls that are cut off', () => {
  /** Four workers of 20 ms, and calls that have so many milliseconds and are then cut off. */
  function cutOff(timeoutMs: number, workers = 4) {
    const { simulation, limit } = setUp();
    const counts = { done: 0, refused: 0, cutOff: 0 };
    const queue: (() => void)[] = [];
    let busy = 0;
    const call = (): void => {
      const ticket = limit.tryEnter(1, simulation.now);
      if (!ticket) return void counts.refused++;
      let over = false;
      const end = (how: 'done' | 'cut-off'): void => {
        if (over) return;
        over = true;
        counts[how === 'done' ? 'done' : 'cutOff']++;
        limit.finish(ticket, simulation.now, how);
      };
      const work = (): void => {
        if (over) {
          queue.shift()?.();
          return;
        }
        busy++;
        simulation.after(20, () => {
          busy--;
          end('done');
          queue.shift()?.();
        });
      };
      simulation.after(timeoutMs, () => end('cut-off'));
      if (busy < workers) work();
      else queue.push(work);
    };
    return (rate: number, seconds: number) => {
      counts.done = counts.refused = counts.cutOff = 0;
      for (let at = 0; at < seconds * 1000; at += 1000 / rate) simulation.after(at, call);
      simulation.run(seconds * 1000);
      return { ...counts, limit: limit.limit };
    };
  }

  test('are too many under way, and most that are begun are done', () => {
    const load = cutOff(90);
    load(100, 5);
    load(1000, 5);
    const { done, refused } = load(1000, 30);
    expect(done).toBeGreaterThan(0.8 * 200 * 30);
    expect(refused).toBeGreaterThan(700 * 30);
  });

  test('limit nobody where they had hardly the time that is normal', () => {
    const { simulation, limit } = setUp();
    for (let count = 0; count < 5000; count++) {
      for (const [ms, end] of [
        [20, 'done'],
        [30, 'cut-off'],
        [30, 'cut-off'],
      ] as const) {
        const ticket = limit.tryEnter(1, simulation.now);
        if (ticket) simulation.after(ms, () => limit.finish(ticket, simulation.now, end));
      }
      simulation.run(1);
    }
    expect(limit.limit).toBe(1024);
  });
});

test('what fails at once does not make the work look quick, and what fails late counts', () => {
  const { simulation, limit, load, counts } = setUp({ workers: 1000 });
  load(100, 5, 300);
  for (let count = 0; count < 2000; count++) {
    const ticket = limit.tryEnter(1, simulation.now);
    if (ticket) limit.finish(ticket, simulation.now, 'failed');
    simulation.run(5);
  }
  load(100, 5, 300);
  expect([counts.refused, limit.limit]).toEqual([0, 1024]);
  for (let round = 0; round < 2; round++) {
    const tickets = Array.from({ length: 100 }, () => limit.tryEnter(1, simulation.now));
    simulation.run(5000);
    for (const ticket of tickets) if (ticket) limit.finish(ticket, simulation.now, 'failed');
  }
  expect(limit.limit).toBeLessThan(100);
});

test('a quarter of the time-out is too long, unless it is normal', () => {
  const slowed = (usualMs: number, thenMs: number): number => {
    const { limit, load } = setUp({ workers: 10_000, timeoutMs: 1000 });
    load(100, 30, usualMs);
    // Before it is found that this has nothing to do with how many are under way.
    load(100, 0.6, thenMs);
    return limit.limit;
  };
  expect(slowed(150, 260)).toBeLessThan(1024);
  expect(slowed(260, 300)).toBe(1024);
});

test('a priority has its share of the limit, and counters are all that it costs', () => {
  const limit = new ConcurrencyLimit({ timeoutMs: 5000, most: 8, now: () => 0 });
  const entered = (share: number): number => {
    let count = 0;
    while (limit.tryEnter(share, 0)) count++;
    return count;
  };
  expect([entered(0.75), entered(1), entered(2), limit.inFlight]).toEqual([6, 2, 8, 16]);
  for (let count = 0; count < 16; count++) limit.leave();
  expect(limit.inFlight).toBe(0);
});
