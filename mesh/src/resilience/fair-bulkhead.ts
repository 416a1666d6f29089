import { FairQueue } from './fair-queue.ts';

export interface FairBulkheadOptions {
  /** How many may be in at a time, at least 1. */
  readonly maxInFlight: number;
  /** How many of one source; at least 1. @default one fewer than may be in, so that no source has all places */
  readonly maxPerSource?: number;
  /** How many of one source may wait. @default 20 */
  readonly maxQueuedPerSource?: number;
  /** How many may wait in all. @default 200 */
  readonly maxQueued?: number;
}

/** How one waits for its place. */
export interface Entry {
  /** Gives up when it fires. */
  readonly signal?: AbortSignal | undefined;
  /** Longest wait, in milliseconds. */
  readonly waitMs: number;
  /**
   * Whether all others go first. Those who stand behind never have all places together, whatever their sources are.
   * @default false
   */
  readonly behind?: boolean | undefined;
}

/** Why there was no place: too many of this source wait, too many of all, or the turn did not come in time. */
export type NoPlaceReason = 'source-full' | 'full' | 'late';

/** There was no place. */
export class NoPlaceError extends Error {
  override readonly name = 'NoPlaceError';
  readonly reason: NoPlaceReason;

  constructor(reason: NoPlaceReason) {
    super(`no place: ${reason}`);
    this.reason = reason;
  }
}

interface Waiting {
  readonly source: unknown;
  readonly behind: boolean;
  readonly onTurn: () => void;
}

/**
 * Bounds how much is under way, as a bulkhead, but shares it out: the sources of the work take turns, and none of them
 * has all places. For work that costs much, of which one caller may ask for more than there is time for.
 */
export class FairBulkhead {
  readonly #maxInFlight: number;
  readonly #maxPerSource: number;
  readonly #maxQueuedPerSource: number;
  readonly #maxQueued: number;
  readonly #first = new FairQueue<Waiting>();
  readonly #behind = new FairQueue<Waiting>();
  /** How many are in, of each source that has any. */
  readonly #inFlight = new Map<unknown, number>();
  readonly #mayGo = (source: unknown): boolean => (this.#inFlight.get(source) ?? 0) < this.#maxPerSource;
  #total = 0;
  #totalBehind = 0;
  #queued = 0;

  constructor(options: FairBulkheadOptions) {
    const { maxInFlight } = options;
    this.#maxInFlight = maxInFlight;
    this.#maxPerSource = options.maxPerSource ?? Math.max(1, maxInFlight - 1);
    this.#maxQueuedPerSource = options.maxQueuedPerSource ?? 20;
    this.#maxQueued = options.maxQueued ?? 200;
  }

  /**
   * Does a piece of work when it has a place.
   *
   * @param source Whom it is for: sources are told apart as the keys of a Map.
   * @throws NoPlaceError; the reason of the signal; what the work throws.
   */
  async run<Result>(source: unknown, entry: Entry, work: () => Promise<Result>): Promise<Result> {
    const behind = entry.behind ?? false;
    await this.#enter({ source, behind }, entry);
    try {
      return await work();
    } finally {
      this.#leave(source, behind);
    }
  }

  #enter({ source, behind }: Omit<Waiting, 'onTurn'>, { signal, waitMs }: Entry): Promise<void> {
    return new Promise((resolve, reject) => {
      signal?.throwIfAborted();
      const queue = behind ? this.#behind : this.#first;
      if (this.#queued >= this.#maxQueued) throw new NoPlaceError('full');
      if (queue.lengthOf(source) >= this.#maxQueuedPerSource) throw new NoPlaceError('source-full');
      const stop = (): void => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', onGone);
      };
      const giveUp = (reason: unknown): void => {
        stop();
        queue.remove(source, waiting);
        this.#queued -= 1;
        reject(reason);
      };
      const onGone = (): void => giveUp(signal?.reason);
      const timer = setTimeout(() => giveUp(new NoPlaceError('late')), waitMs);
      signal?.addEventListener('abort', onGone);
      const waiting: Waiting = {
        source,
        behind,
        onTurn: () => {
          stop();
          resolve();
        },
      };
      queue.push(source, waiting);
      this.#queued += 1;
      this.#letIn();
    });
  }

  #leave(source: unknown, behind: boolean): void {
    this.#total -= 1;
    if (behind) this.#totalBehind -= 1;
    const left = (this.#inFlight.get(source) ?? 0) - 1;
    if (left > 0) this.#inFlight.set(source, left);
    else this.#inFlight.delete(source);
    this.#letIn();
  }

  #letIn(): void {
    while (this.#total < this.#maxInFlight) {
      const next = this.#first.shift(this.#mayGo) ?? this.#nextBehind();
      if (!next) return;
      this.#queued -= 1;
      this.#total += 1;
      if (next.behind) this.#totalBehind += 1;
      this.#inFlight.set(next.source, (this.#inFlight.get(next.source) ?? 0) + 1);
      next.onTurn();
    }
  }

  #nextBehind(): Waiting | undefined {
    const most = Math.max(1, this.#maxInFlight - 1);
    return this.#totalBehind < most ? this.#behind.shift(this.#mayGo) : undefined;
  }
}
