import { AsyncLocalStorage } from 'node:async_hooks';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { TimeoutWheel, type Timeout } from './timeout-wheel.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const hour = 3_600_000;

describe('when a time-out fires', () => {
  test.each([0, -1, Number.NaN, 0.1, 1, 4.9, 5, 5.1, 99, 5119, 5120, 5121, 10_240, 123_456, hour])(
    'not before %d ms, and less than a tick later',
    async (ms) => {
      const wheel = new TimeoutWheel();
      await vi.advanceTimersByTimeAsync(3);
      const startedAt = performance.now();
      let after = -1;
      wheel.start(ms, () => (after = performance.now() - startedAt));
      await vi.advanceTimersByTimeAsync(hour + 10);
      const asked = ms > 0 ? ms : 0;
      expect(after).toBeGreaterThanOrEqual(asked);
      // A millisecond for the timer, which knows whole ones only.
      expect(after).toBeLessThan(asked + 5 + 1);
    },
  );

  test('never, if it is stopped, and stopping twice does nothing', () => {
    const wheel = new TimeoutWheel();
    const onTimeout = vi.fn();
    const stopped = wheel.start(10, onTimeout);
    const other = wheel.start(10, onTimeout);
    wheel.stop(stopped);
    wheel.stop(stopped);
    expect([wheel.size, stopped.pending, other.pending]).toEqual([1, false, true]);
    vi.advanceTimersByTime(20);
    wheel.stop(other);
    expect([onTimeout.mock.calls.length, wheel.size, other.pending]).toEqual([1, 0, false]);
  });

  test('at once, where its time passed while another was told', () => {
    let now = 0;
    const wheel = new TimeoutWheel({ now: () => now });
    const asked = vi.spyOn(globalThis, 'setTimeout');
    wheel.start(10, () => (now += 100));
    wheel.start(50, () => {});
    now = 10;
    vi.advanceTimersByTime(20);
    // Node warns of a negative one.
    expect(asked.mock.calls.map(([, ms]) => ms)).toEqual([10, 1]);
    expect(wheel.size).toBe(0);
  });

  test('in a process that has run for a year', () => {
    const now = 365 * 24 * hour;
    const wheel = new TimeoutWheel({ now: () => now + performance.now() });
    const fired: number[] = [];
    for (const ms of [7, 20_000]) wheel.start(ms, () => fired.push(performance.now()));
    vi.advanceTimersByTime(30_000);
    expect(fired).toEqual([10, 20_000]);
  });

  test('all at once and each once, after a time in which the process stood still', () => {
    let suspendedMs = 0;
    const wheel = new TimeoutWheel({ now: () => performance.now() + suspendedMs });
    const fired: number[] = [];
    for (const ms of [10, 2000, 5121, 6000, 7200, hour]) wheel.start(ms, () => fired.push(ms));
    suspendedMs = 7200;
    vi.advanceTimersByTime(10);
    expect(fired.toSorted((a, b) => a - b)).toEqual([10, 2000, 5121, 6000, 7200]);
    vi.advanceTimersByTime(hour);
    expect(fired).toHaveLength(6);
  });

  test('also under a clock that goes back', () => {
    let offset = 100_000;
    const wheel = new TimeoutWheel({ now: () => performance.now() + offset });
    const onTimeout = vi.fn();
    wheel.start(100, () => {});
    offset = 90_000;
    wheel.start(100, onTimeout);
    vi.advanceTimersByTime(10_000 + 100 + 10);
    expect(onTimeout).toHaveBeenCalledOnce();
  });
});

describe('callbacks', () => {
  test('may stop others that are due with them', () => {
    const wheel = new TimeoutWheel();
    const fired: string[] = [];
    const pair: Timeout[] = [];
    for (const name of ['a', 'b']) {
      pair.push(
        wheel.start(10, () => {
          fired.push(name);
          for (const each of pair) wheel.stop(each);
        }),
      );
    }
    vi.advanceTimersByTime(20);
    expect([fired.length, wheel.size]).toEqual([1, 0]);
  });

  test('may start others, which wait for a tick of their own', () => {
    const wheel = new TimeoutWheel();
    const fired: number[] = [];
    const again = (): void => {
      fired.push(performance.now());
      if (fired.length < 4) wheel.start(0, again);
    };
    wheel.start(0, again);
    vi.advanceTimersByTime(100);
    expect(fired).toEqual([5, 10, 15, 20]);
  });

  test('that throw are heard of one by one, and the others still fire', () => {
    const wheel = new TimeoutWheel();
    const fired: string[] = [];
    const failing = (name: string) => () => {
      fired.push(name);
      throw new Error(name);
    };
    wheel.start(10, failing('first'));
    wheel.start(10, failing('second'));
    wheel.start(10, () => fired.push('third'));
    wheel.start(50, () => fired.push('later'));
    expect(() => vi.advanceTimersByTime(10)).toThrow('first');
    expect(() => vi.advanceTimersByTime(1)).toThrow('second');
    vi.advanceTimersByTime(50);
    expect([fired, wheel.size]).toEqual([['first', 'second', 'third', 'later'], 0]);
  });

  test('run outside of any call', async () => {
    vi.useRealTimers();
    const scope = new AsyncLocalStorage<string>();
    const wheel = new TimeoutWheel();
    const seen = new Promise((resolve) => {
      scope.run('of a call', () => wheel.start(0, () => resolve(scope.getStore())));
    });
    expect(await seen).toBeUndefined();
  });
});

describe('the timer', () => {
  test('is one, whatever is pending', () => {
    const wheel = new TimeoutWheel();
    for (let ms = 10_000; ms > 0; ms -= 10) wheel.start(ms, () => {});
    expect([wheel.size, vi.getTimerCount()]).toEqual([1000, 1]);
    vi.advanceTimersByTime(5000);
    expect([wheel.size, vi.getTimerCount()]).toEqual([500, 1]);
    vi.advanceTimersByTime(5010);
    expect([wheel.size, vi.getTimerCount()]).toEqual([0, 0]);
  });

  test('is set once for time-outs that start after one another, and rests when they are stopped', () => {
    const set = vi.spyOn(globalThis, 'setTimeout');
    const wheel = new TimeoutWheel();
    for (let call = 0; call < 1000; call++) {
      const timeout = wheel.start(5000, () => {});
      vi.advanceTimersByTime(1);
      wheel.stop(timeout);
    }
    expect(set).toHaveBeenCalledOnce();
    vi.advanceTimersByTime(5000);
    expect(vi.getTimerCount()).toBe(0);
  });

  test('is never set for longer than setTimeout can', () => {
    const set = vi.spyOn(globalThis, 'setTimeout');
    const wheel = new TimeoutWheel();
    wheel.stop(wheel.start(2 ** 31 + 5000, () => {}));
    expect(set.mock.lastCall?.[1]).toBe(2 ** 31 - 1);
  });

  test.each([
    [0, 10_000],
    [50_000, 0],
  ])('that was lost with its clock is set again (from %d to %d ms)', (before, after) => {
    const wheel = new TimeoutWheel();
    vi.advanceTimersByTime(before);
    wheel.stop(wheel.start(5000, () => {}));
    vi.useRealTimers();
    vi.useFakeTimers();
    vi.advanceTimersByTime(after);
    const onTimeout = vi.fn();
    wheel.start(1000, onTimeout);
    vi.advanceTimersByTime(1010);
    expect(onTimeout).toHaveBeenCalledOnce();
  });

  test('keeps the process alive while something is pending, and no longer', () => {
    vi.useRealTimers();
    const timers = () => process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length;
    const before = timers();
    const wheel = new TimeoutWheel();
    const counts: number[] = [];
    for (let time = 0; time < 2; time++) {
      const timeout = wheel.start(hour, () => {});
      counts.push(timers() - before);
      wheel.stop(timeout);
      counts.push(timers() - before);
    }
    expect(counts).toEqual([1, 0, 1, 0]);
  });
});

test('agrees with setTimeout on a thousand time-outs, many of them stopped', () => {
  // A generator of its own, so that a failure can be made again.
  let seed = 11;
  const random = () => (seed = (seed * 48_271) % 2_147_483_647) / 2_147_483_647;
  const wheel = new TimeoutWheel();
  const fired = { wheel: new Map<number, number>(), timer: new Map<number, number>() };
  const started: { id: number; timeout: Timeout; timer: NodeJS.Timeout }[] = [];
  for (let id = 0; id < 1000; id++) {
    const ms = Math.floor(random() < 0.1 ? random() * 60_000 : random() * 300);
    const timeout = wheel.start(ms, () => fired.wheel.set(id, performance.now()));
    const timer = setTimeout(() => fired.timer.set(id, performance.now()), ms);
    started.push({ id, timeout, timer });
    const chosen = started[Math.floor(random() * started.length * 2)];
    // One that only setTimeout has fired is due on the wheel within the tick.
    if (chosen && !fired.timer.has(chosen.id)) {
      wheel.stop(chosen.timeout);
      clearTimeout(chosen.timer);
    }
    if (random() < 0.7) vi.advanceTimersByTime(Math.floor(random() * 20));
  }
  vi.advanceTimersByTime(70_000);
  expect(wheel.size).toBe(0);
  expect(fired.timer.size).toBeGreaterThan(300);
  expect([...fired.wheel.keys()].toSorted((a, b) => a - b)).toEqual(
    [...fired.timer.keys()].toSorted((a, b) => a - b),
  );
  for (const [id, at] of fired.timer) {
    expect((fired.wheel.get(id) ?? 0) - at).toBeGreaterThanOrEqual(0);
    expect((fired.wheel.get(id) ?? Infinity) - at).toBeLessThan(5 + 1);
  }
});
