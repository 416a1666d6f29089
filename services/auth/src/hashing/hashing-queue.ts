import type { Argon2Parameters } from 'node:crypto';
import { availableParallelism } from 'node:os';
import { Refusal } from '@arcadium/mesh/server';
import { HashingLane } from './hashing-lane.ts';

/** How many hashes are made at once: a core is left for the rest of the service. Each takes 19 MiB. */
const concurrency = Math.max(1, availableParallelism() - 1);

/** How many may have a place, however quickly it is theirs; and how many always may, however slow the machine is. */
const longestQueue = 50;
const shortestQueue = 5;
/** What a hash takes, and a rest after it, until that is known, in milliseconds. */
const usualMs = 50;
/** Where more wait than always may, a lane rests after a hash for this share of its time: other calls catch up. */
const restShare = 0.5;
/** What the last one counts in the average. */
const weight = 0.2;

/** Who is refused comes back after so long, in milliseconds; by chance up to twice that, so that not all do at once. */
const retryAfterMs = 1000;

interface Waiting {
  readonly since: number;
  readonly signal: AbortSignal | undefined;
  readonly begin: (lane: HashingLane) => void;
  readonly drop: (reason: unknown) => void;
}

/** Makes hashes in the order in which they were asked for, a few at a time, and refuses what would come too late. */
export class HashingQueue {
  readonly #lanes = Array.from({ length: concurrency }, () => new HashingLane());
  readonly #idle = [...this.#lanes];
  readonly #waiting: Waiting[] = [];
  readonly #longestWaitMs: number;
  #averageMs = usualMs;
  /** Places: of those whose hash is made, of those who wait, and of those who have not come yet. */
  #kept = 0;

  /** @param longestWaitMs How long one may wait for its turn, in milliseconds. */
  constructor(longestWaitMs: number) {
    this.#longestWaitMs = longestWaitMs;
  }

  /**
   * Keeps a place, for whoever has work to do before; it is to be given back when its hash is made, or is not needed.
   *
   * @throws MeshError TOO_MANY_REQUESTS when another one would have to wait too long.
   */
  keepPlace(): void {
    const refusal = this.refusal();
    if (refusal) throw refusal;
    this.#kept += 1;
  }

  /** What the next one is refused with, if it is; asking keeps nothing. Those who keep a place wait, or are about to. */
  refusal(): Refusal | undefined {
    const waiting = this.#kept;
    const waitMs = ((waiting + 1) * this.#averageMs) / concurrency;
    const late = waiting >= shortestQueue && waitMs > this.#longestWaitMs;
    return late || waiting >= longestQueue ? tooBusy() : undefined;
  }

  giveBackPlace(): void {
    this.#kept -= 1;
  }

  /**
   * Makes the tag of a hash, in a place that is kept.
   *
   * @param signal Fires when nobody waits any more: what has not begun by then is not begun.
   * @throws MeshError TOO_MANY_REQUESTS when its turn has not come in time.
   */
  async tagOf(parameters: Argon2Parameters, signal?: AbortSignal): Promise<Buffer> {
    signal?.throwIfAborted();
    const lane = this.#idle.pop() ?? (await this.#turn(signal));
    const since = performance.now();
    try {
      return await lane.tagOf(parameters);
    } finally {
      const tookMs = performance.now() - since;
      const restMs = this.#kept > shortestQueue ? tookMs * restShare : 0;
      this.#averageMs += weight * (tookMs + restMs - this.#averageMs);
      if (restMs > 0) setTimeout(() => this.#handOn(lane), restMs);
      else this.#handOn(lane);
    }
  }

  async close(): Promise<void> {
    await Promise.all(this.#lanes.map((lane) => lane.close()));
  }

  #turn(signal: AbortSignal | undefined): Promise<HashingLane> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ since: performance.now(), signal, begin: resolve, drop: reject });
    });
  }

  #handOn(lane: HashingLane): void {
    for (let next = this.#waiting.shift(); next; next = this.#waiting.shift()) {
      if (next.signal?.aborted) next.drop(next.signal.reason);
      else if (performance.now() - next.since > this.#longestWaitMs) next.drop(tooBusy());
      else return next.begin(lane);
    }
    this.#idle.push(lane);
  }
}

/** So many different waits are told. */
const variety = 64;

/** Made beforehand: in a flood hundreds are needed each second. */
const refusals = Array.from(
  { length: variety },
  (_, index) =>
    new Refusal('TOO_MANY_REQUESTS', 'Too many passwords are being checked; try again in a moment', {
      retryAfterMs: Math.round(retryAfterMs * (1 + index / (variety - 1))),
    }),
);

function tooBusy(): Refusal {
  return refusals[Math.floor(Math.random() * variety)] as Refusal;
}
