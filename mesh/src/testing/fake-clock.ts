import { createRequire } from 'node:module';
import type FakeTimers from '@sinonjs/fake-timers';

/** Time that a test controls. */
export interface FakeClock extends AsyncDisposable {
  /** Advances by `ms` milliseconds; timers fire in order. */
  advance(ms: number): Promise<void>;
  /** Jumps by `ms` milliseconds, like a machine that was suspended: each due timer fires once. */
  sleep(ms: number): void;
  /** Moves `Date` forward, or back by a negative number; timers and `performance.now()` do not change. */
  setWallClock(byMs: number): void;
}

/**
 * Fakes `performance.now()`, `Date`, `setTimeout` and `setInterval` of this process. Install it before timers start,
 * and dispose of it after they end.
 *
 * @param options.goesOn For real sockets or a database: time also passes by itself, and `performance.now()` is real,
 * so that a `sleep` does not look like a blocked event loop. @default false
 *
 * @example
 * await using clock = useFakeClock();
 * await clock.advance(1000);
 */
export function useFakeClock({ goesOn = false }: { goesOn?: boolean } = {}): FakeClock {
  const timers = ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'Date'] as const;
  const { install } = loadFakeTimers();
  const clock = install({
    toFake: goesOn ? [...timers] : [...timers, 'performance'],
    now: Date.now(),
    shouldAdvanceTime: goesOn,
  });
  return {
    async advance(ms) {
      await clock.tickAsync(ms);
    },
    sleep(ms) {
      clock.jump(ms);
    },
    setWallClock(byMs) {
      clock.setSystemTime(Date.now() + byMs);
    },
    async [Symbol.asyncDispose]() {
      // The timer of the shared wheel must not stay on the fake clock.
      await clock.runToLastAsync();
      clock.uninstall();
    },
  };
}

/** Loaded only here: most tests need no fake time, and then no package for it. */
function loadFakeTimers(): typeof FakeTimers {
  return createRequire(import.meta.url)('@sinonjs/fake-timers') as typeof FakeTimers;
}
