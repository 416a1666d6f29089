import type { Argon2Parameters } from 'node:crypto';
import { availableParallelism } from 'node:os';
import { Refusal } from '@arcadium/mesh/server';
import { HashingLane } from './hashing-lane.ts';

/** Concurrent hashes, leaving one core for the rest of the service. Each needs 19 MiB. */
const concurrency = Math.max(1, availableParallelism() - 1);

/** Most places, however fast the machine; and the places that exist on the slowest machine. */
const longestQueue = 50;
const shortestQueue = 5;
/** Assumed duration of a hash with its pause, until it has been measured, in milliseconds. */
const usualMs = 50;
/**
 * If more wait than always may, a lane pauses after a hash for this share of its duration, so that other
 * calls catch up.
 */
const restShare = 0.5;
/** Weight of the last hash in the average. */
const weight = 0.2;

/** When a refused caller may come back, in milliseconds; randomly up to twice that, to spread them. */
const retryAfterMs = 1000;

interface Waiting {
  readonly since: number;
  readonly signal: AbortSignal | undefined;
  readonly begin: (lane: HashingLane) => void;
  readonly drop: (reason: unknown) => void;
}

/** Makes hashes in order, a few at a time, and refuses those that would be late. */
export class HashingQueue {
  readonly #lanes = Array.from({ length: concurrency }, () => new HashingLane());
  readonly #idle = [...this.#lanes];
  readonly #waiting: Waiting[] = [];
  readonly #longestWaitMs: number;
  #averageMs = usualMs;
  /** Reserved places: hashes in progress, waiting, or still to come. */
  #kept = 0;

  /** @param longestWaitMs Longest wait for a turn, in milliseconds. */
  constructor(longestWaitMs: number) {
    this.#longestWaitMs = longestWaitMs;
  }

  /**
   * Reserves a place. Release it when the hash is made or no longer needed.
   *
   * @throws MeshError TOO_MANY_REQUESTS when a further one would wait too long.
   */
  keepPlace(): void {
    const refusal = this.refusal();
    if (refusal) throw refusal;
    this.#kept += 1;
  }

  /**
   * The error for the next one, if it would be refused; reserves nothing. Reserved places count as waiting.
   */
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
   * Makes the tag of a hash in a reserved place.
   *
   * @param signal Fires when the caller no longer waits; a hash that has not started by then is not made.
   * @throws MeshError TOO_MANY_REQUESTS when its turn did not come in time.
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

/** Number of different waits. */
const variety = 64;

/** Created in advance: a flood needs hundreds per second. */
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
