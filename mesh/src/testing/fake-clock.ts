import { install } from '@sinonjs/fake-timers';

/** Time that stands still until a test lets it go on. */
export interface FakeClock extends AsyncDisposable {
  /** Lets so much time pass, in milliseconds: all that is due in it happens, in its order. */
  advance(ms: number): Promise<void>;
  /**
   * Lets so much time pass at once, in milliseconds, as for a machine that slept: whatever came due meanwhile
   * happens now, each timer once however often it would have.
   */
  sleep(ms: number): void;
  /** Sets the wall clock (`Date`) forward, or back by less than 0 ms; timers and `performance.now()` go on as they were. */
  setWallClock(byMs: number): void;
}

/**
 * Stops the time of this process: `performance.now()`, `Date`, `setTimeout` and
 * `setInterval`. Begin with it before anything that waits is started, and
 * dispose of it when all that waited is closed.
 *
 * @param options.goesOn For what has real sockets or a database: time goes on by itself as it does outside, and `performance.now()` is the real one, so that nobody takes a `sleep` for an event loop that was blocked. @default false
 */
export function useFakeClock({ goesOn = false }: { goesOn?: boolean } = {}): FakeClock {
  const timers = ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'Date'] as const;
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
      // The timer of the shared wheel must not be left behind in a time that is over.
      await clock.runToLastAsync();
      clock.uninstall();
    },
  };
}
