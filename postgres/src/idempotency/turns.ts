import { within } from '@arcadium/mesh/config';
import { keyReused } from '@arcadium/mesh/contract';
import type { IdempotencyClaim } from '@arcadium/mesh/server';

import { longestWaitMs, notNow } from './not-now.ts';

/** The stored answer; undefined if the work failed. */
type Outcome = { readonly answer: string | null } | undefined;

/** A call in progress in this process, and what the others with its key wait for. */
interface Turn {
  readonly claim: IdempotencyClaim;
  /** Never rejects. */
  readonly outcome: Promise<Outcome>;
}

/**
 * The calls in progress, by caller, procedure and key, for each client: two clients may use different
 * databases.
 */
const underWay = new WeakMap<object, Map<string, Turn>>();

/**
 * Lets one call per key and process use the database at a time: the others wait here, where waiting needs no
 * connection. They get the first call's answer; if it fails, the next has its turn. The database decides who
 * does the work; this only relieves it.
 *
 * @param work The work of a call in its turn; gets the remaining wait, in milliseconds.
 * @throws MeshError CONFLICT `IDEMPOTENCY_KEY_REUSED` if the first call had another input;
 * SERVICE_UNAVAILABLE, safe to retry, after a wait of 3 s in all; the reason of the signal; what the work
 * throws.
 */
export async function inTurn(
  client: object,
  { claim, signal }: { claim: IdempotencyClaim; signal?: AbortSignal | undefined },
  work: (waitMs: number) => Promise<string | null>,
): Promise<string | null> {
  const turns = turnsOf(client);
  const id = JSON.stringify([claim.caller, claim.procedure, claim.key]);
  const until = performance.now() + longestWaitMs;
  for (let first = turns.get(id); first; first = turns.get(id)) {
    const outcome = await waitFor(first, until, signal);
    if (!outcome) continue;
    if (first.claim.fingerprint !== claim.fingerprint) throw keyReused();
    return outcome.answer;
  }
  // Nothing is awaited between the check and this, so only one of several waiters continues.
  const { promise, resolve } = Promise.withResolvers<Outcome>();
  turns.set(id, { claim, outcome: promise });
  let outcome: Outcome;
  try {
    const answer = await work(until - performance.now());
    outcome = { answer };
    return answer;
  } finally {
    turns.delete(id);
    resolve(outcome);
  }
}

function turnsOf(client: object): Map<string, Turn> {
  const turns = underWay.get(client) ?? new Map<string, Turn>();
  underWay.set(client, turns);
  return turns;
}

async function waitFor({ outcome }: Turn, until: number, signal: AbortSignal | undefined): Promise<Outcome> {
  const onLate = (): never => {
    throw notNow();
  };
  return within(() => outcome, { ms: Math.max(0, until - performance.now()), signal, onLate });
}
