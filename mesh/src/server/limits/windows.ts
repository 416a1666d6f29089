import { LRUCache } from 'lru-cache';
import type { RateLimit } from '../../contract/index.ts';

/** Counts calls, each in the window of its key. */
export interface Windows {
  /**
   * Counts a call, at once or when somebody has answered.
   *
   * @returns `undefined` if it is within the limit; else how long the window still lasts, in milliseconds.
   */
  take(key: string, limit: RateLimit): number | undefined | Promise<number | undefined>;
  close(): Promise<void>;
}

/** So many keys are counted at once; of more, those are forgotten that have not called for longest. */
const mostKeys = 50_000;

/** Counts the calls of this process, in its memory. */
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

  /** How long the window of a key still lasts that has used up its limit, in milliseconds; `undefined` if it has not. */
  waitMs(key: string, { calls }: RateLimit): number | undefined {
    const window = this.#windows.get(key);
    const leftMs = window && window.calls >= calls ? window.endsAt - performance.now() : 0;
    return leftMs > 0 ? leftMs : undefined;
  }

  async close(): Promise<void> {}
}
