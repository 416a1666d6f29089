import { MemoryWindows } from './windows.ts';

const minuteMs = 60_000;

/** Share of the limit for calls without credentials. */
const share = 0.1;

/** Limits invalid messages over WebSockets, by caller. Each process counts its own: the limit protects its event loop. */
export class Mistakes {
  readonly #windows = new MemoryWindows();
  readonly #limit: { readonly calls: number; readonly perMs: number };

  /** @param callsPerMinute Limit of calls without credentials. */
  constructor(callsPerMinute: number) {
    this.#limit = { calls: Math.max(1, Math.floor(callsPerMinute * share)), perMs: minuteMs };
  }

  /** Most invalid messages of a caller within a minute. */
  get most(): number {
    return this.#limit.calls;
  }

  /** Counts one. @returns Whether it exceeds the limit. */
  add(key: string | undefined): boolean {
    return key !== undefined && this.#windows.take(key, this.#limit) !== undefined;
  }

  /** Time until a caller over the limit is accepted again, in milliseconds. */
  waitMs(key: string | undefined): number | undefined {
    return key === undefined ? undefined : this.#windows.waitMs(key, this.#limit);
  }
}
