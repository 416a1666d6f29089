import { LRUCache } from 'lru-cache';
import type { RateLimit } from '../../contract/index.ts';

/** Counts calls by key, in fixed windows. */
export interface Windows {
  /** Counts a call. @returns `undefined` if it is within the limit, otherwise the rest of the window, in milliseconds. */
  take(key: string, limit: RateLimit): number | undefined | Promise<number | undefined>;
  close(): Promise<void>;
}

/** A limit of calls within a minute. */
export function perMinute(calls: number): RateLimit {
  return { calls, perMs: 60_000 };
}

/** Counts the calls of this process; beyond 50,000 keys, the least recently used are forgotten. */
export class MemoryWindows implements Windows {
  #counted: LRUCache<string, { calls: number; readonly endsAt: number }> | undefined;

  /** Made at the first call: its arrays for all keys take 4 ms and a megabyte. */
  get #windows(): LRUCache<string, { calls: number; readonly endsAt: number }> {
    return (this.#counted ??= new LRUCache({ max: 50_000 }));
  }

  take(key: string, { calls, perMs }: RateLimit): number | undefined {
    const now = performance.now();
    const window = this.#windows.get(key);
    if (!window || window.endsAt <= now) {
      this.#windows.set(key, { calls: 1, endsAt: now + perMs });
      return undefined;
    }
    window.calls += 1;
    return window.calls > calls ? window.endsAt - now : undefined;
  }

  /** The rest of the window of a key that has reached its limit, in milliseconds; otherwise `undefined`. */
  waitMs(key: string, { calls }: RateLimit): number | undefined {
    const window = this.#windows.get(key);
    const leftMs = window && window.calls >= calls ? window.endsAt - performance.now() : 0;
    return leftMs > 0 ? leftMs : undefined;
  }

  async close(): Promise<void> {}
}

/**
 * Limits invalid messages over WebSockets, by caller: a tenth of the calls without credentials. Each process counts its
 * own, because the limit protects its event loop.
 */
export class Mistakes {
  readonly #windows = new MemoryWindows();
  readonly #limit: RateLimit;

  /** @param callsPerMinute Limit of calls without credentials. */
  constructor(callsPerMinute: number) {
    this.#limit = perMinute(Math.max(1, Math.floor(callsPerMinute / 10)));
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
