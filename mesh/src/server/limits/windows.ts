import { LRUCache } from 'lru-cache';
import type { RateLimit } from '../../contract/index.ts';

/** Counts calls by key, in fixed windows. */
export interface Windows {
  /** Counts a call. @returns `undefined` if it is within the limit, otherwise the rest of the window, in milliseconds. */
  take(key: string, limit: RateLimit): number | undefined | Promise<number | undefined>;
  close(): Promise<void>;
}

/** Most keys; beyond, the least recently used are forgotten. */
const mostKeys = 50_000;

export class MemoryWindows implements Windows {
  readonly #windows = new LRUCache<string, { calls: number; readonly endsAt: number }>({ max: mostKeys });

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
