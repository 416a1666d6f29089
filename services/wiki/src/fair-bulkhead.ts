import { FairQueue } from '@arcadium/mesh/server';

export interface FairBulkheadOptions {
  /** Most tasks in progress, at least 1. */
  readonly maxInFlight: number;
  /** Most tasks of one source in progress, at least 1. @default maxInFlight - 1, at least 1 */
  readonly maxPerSource?: number;
  /** Most waiting tasks of one source. @default 20 */
  readonly maxQueuedPerSource?: number;
  /** Most waiting tasks. @default 200 */
  readonly maxQueued?: number;
}

/** How a task waits for its place. */
export interface Entry {
  /** Cancels the wait. */
  readonly signal?: AbortSignal | undefined;
  /** Longest wait, in milliseconds. */
  readonly waitMs: number;
  /** Yields to all other tasks. Tasks that yield never take all places. @default false */
  readonly behind?: boolean | undefined;
}

/** Thrown instead of running a task. */
export class NoPlaceError extends Error {
  override readonly name = 'NoPlaceError';
  /** Too many tasks of this source are waiting, too many in total, or `waitMs` has passed. */
  readonly reason: 'source-full' | 'full' | 'late';

  constructor(reason: NoPlaceError['reason']) {
    super(`no place: ${reason}`);
    this.reason = reason;
  }
}

interface Waiting {
  readonly source: unknown;
  readonly behind: boolean;
  readonly onTurn: () => void;
}

/** Limits concurrency like a bulkhead, and shares it fairly: sources take turns, and none can take all places. */
export class FairBulkhead {
  readonly #options: Required<FairBulkheadOptions>;
  readonly #first = new FairQueue<Waiting>();
  readonly #behind = new FairQueue<Waiting>();
  /** Tasks in progress of each source that has any. */
  readonly #inFlight = new Map<unknown, number>();
  readonly #mayGo = (source: unknown): boolean =>
    (this.#inFlight.get(source) ?? 0) < this.#options.maxPerSource;
  #total = 0;
  #totalBehind = 0;
  #queued = 0;

  constructor(options: FairBulkheadOptions) {
    const maxPerSource = Math.max(1, options.maxInFlight - 1);
    this.#options = { maxPerSource, maxQueuedPerSource: 20, maxQueued: 200, ...options };
  }

  /**
   * Runs a task when it has a place.
   *
   * @param source The party that the task is for; compared like the keys of a Map.
   * @throws NoPlaceError, the reason of the signal, or what the task throws.
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
      if (this.#queued >= this.#options.maxQueued) throw new NoPlaceError('full');
      if (queue.lengthOf(source) >= this.#options.maxQueuedPerSource) throw new NoPlaceError('source-full');
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
    while (this.#total < this.#options.maxInFlight) {
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
    const most = Math.max(1, this.#options.maxInFlight - 1);
    return this.#totalBehind < most ? this.#behind.shift(this.#mayGo) : undefined;
  }
}
