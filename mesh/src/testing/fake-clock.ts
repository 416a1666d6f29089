import { install } from '@sinonjs/fake-timers';

/** Time that stands still until a test lets it go on. */
export interface FakeClock extends AsyncDisposable {
  /** Lets so much time pass, in milliseconds: all that is due in it happens, in its order. */
  advance(ms: number): Promise<void>;
}

/**
 * Stops the time of this process: `performance.now()`, `Date`, `setTimeout` and
 * `setInterval`. Begin with it before anything that waits is started, and
 * dispose of it when all that waited is closed.
 */
export function useFakeClock(): FakeClock {
  const clock = install({
    toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'Date', 'performance'],
    now: Date.now(),
  });
  return {
    async advance(ms) {
      await clock.tickAsync(ms);
    },
    async [Symbol.asyncDispose]() {
      // The timer of the shared wheel must not be left behind in a time that is over.
      await clock.runToLastAsync();
      clock.uninstall();
    },
  };
}
