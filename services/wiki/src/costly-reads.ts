import { Refusal, sourceOf, type CallMaker } from '@arcadium/mesh/server';
import { FairBulkhead, NoPlaceError } from './fair-bulkhead.ts';

/** The share of the pool's connections for expensive reads. */
const share = 0.3;

/**
 * Most waiting reads of one caller. With those in progress, they must be fewer than the lowest concurrency
 * limit of a procedure (16, and three quarters of that for some), or one caller could fill it.
 */
const maxQueuedPerSource = 8;

/** Longest wait for a turn, in milliseconds; a person's call still has time for the answer then. */
const waitMs = 3000;

/** When to retry, in milliseconds. */
const retryAfterMs = 1000;

const busy = new Refusal(
  'SERVICE_UNAVAILABLE',
  'Too many searches and lists are being made; try again in a moment',
  {
    retryAfterMs,
  },
);
const tooMany = new Refusal(
  'TOO_MANY_REQUESTS',
  'You have too many searches and lists in progress; try again in a moment',
  {
    retryAfterMs,
  },
);

type CostlyCall = CallMaker & { readonly signal: AbortSignal };

/**
 * Reads that keep the database busy for long, such as searches. They share a few connections of the pool and
 * take turns by caller, so that any number of them leaves the others for quick queries.
 */
export class CostlyReads {
  readonly #places: FairBulkhead;

  /** @param connections Size of the pool. */
  constructor(connections: number) {
    this.#places = new FairBulkhead({
      maxInFlight: Math.max(1, Math.floor(connections * share)),
      maxPerSource: 2,
      maxQueuedPerSource,
    });
  }

  /**
   * Makes a handler wait for its turn.
   *
   * @throws MeshError TOO_MANY_REQUESTS if the caller has too many waiting, SERVICE_UNAVAILABLE if its turn
   * does not come in time. Both are safe to retry.
   */
  handler<Call extends CostlyCall, Answer>(
    handle: (call: Call) => Promise<Answer> | Answer,
  ): (call: Call) => Promise<Answer> {
    return async (call) => {
      try {
        const work = async () => handle(call);
        return await this.#places.run(sourceOf(call), { signal: call.signal, waitMs }, work);
      } catch (error) {
        if (!(error instanceof NoPlaceError)) throw error;
        throw error.reason === 'source-full' ? tooMany : busy;
      }
    };
  }
}
