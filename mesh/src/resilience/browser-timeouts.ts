import type { Timeout } from './timeout-wheel.ts';
import { longestTimerMs } from '../wire/index.ts';

// The timeouts of a page, which has few: package.json has bundlers take this instead of timeout-wheel.ts.

class Timer implements Timeout {
  readonly #timer;
  pending = true;

  constructor(ms: number, onTimeout: () => void) {
    this.#timer = setTimeout(
      () => {
        this.pending = false;
        onTimeout();
      },
      Math.min(ms, longestTimerMs),
    );
  }

  stop(): void {
    this.pending = false;
    clearTimeout(this.#timer);
  }
}

export const timeouts = {
  start: (ms: number, onTimeout: () => void): Timeout => new Timer(ms, onTimeout),
  stop: (timeout: Timeout): void => (timeout as Timer).stop(),
};

/** Here only because index.ts exports it. */
export const TimeoutWheel = undefined;
