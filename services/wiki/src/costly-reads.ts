import { FairBulkhead, NoPlaceError } from '@arcadium/mesh/resilience';
import { Refusal, sourceOf, type CallMaker } from '@arcadium/mesh/server';

/** The share of the pool's connections that costly reads may have together. */
const share = 0.3;

/**
 * How many of one caller may wait. With those under way they are fewer than the lowest limit that the mesh sets to calls
 * of a procedure (16, and three quarters of that for some), or one caller would fill that.
 */
const maxQueuedPerSource = 8;

/** Longest wait for one of these, in milliseconds: a person still has time for the answer then. */
const waitMs = 3000;

/** When to come back, in milliseconds. */
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

/** A call of a read that costs much. */
type CostlyCall = CallMaker & { readonly signal: AbortSignal };

/**
 * Reads that keep the database busy for long, as a search. They share a few connections of the pool, in turns by caller,
 * so that however many are asked for, the others are left for what is quick.
 */
export class CostlyReads {
  readonly #places: FairBulkhead;

  /** @param connections How many the pool has. */
  constructor(connections: number) {
    this.#places = new FairBulkhead({
      maxInFlight: Math.max(1, Math.floor(connections * share)),
      maxPerSource: 2,
      maxQueuedPerSource,
    });
  }

  /**
   * Makes a handler take its turn.
   *
   * @throws MeshError TOO_MANY_REQUESTS where the caller has too many waiting, SERVICE_UNAVAILABLE where its turn does
   * not come in time. Both are safe to be made again.
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
