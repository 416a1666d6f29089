import { MemoryWindows } from './windows.ts';

const minuteMs = 60_000;

/** The share of the calls without credentials that may be mistakes. */
const share = 0.1;

/**
 * Counts what a caller sends over WebSockets that is not a call at all. Each
 * process counts for itself: what is to be spared is its own event loop.
 */
export class Mistakes {
  readonly #windows = new MemoryWindows();
  readonly #limit: { readonly calls: number; readonly perMs: number };

  /** @param callsPerMinute How many calls without credentials an address may make. */
  constructor(callsPerMinute: number) {
    this.#limit = { calls: Math.max(1, Math.floor(callsPerMinute * share)), perMs: minuteMs };
  }

  /** How many a caller may make within a minute. */
  get most(): number {
    return this.#limit.calls;
  }

  /** Counts one. @returns Whether it is one too many. */
  add(key: string | undefined): boolean {
    return key !== undefined && this.#windows.take(key, this.#limit) !== undefined;
  }

  /** How long a caller that has made too many is refused, in milliseconds. */
  waitMs(key: string | undefined): number | undefined {
    return key === undefined ? undefined : this.#windows.waitMs(key, this.#limit);
  }
}
