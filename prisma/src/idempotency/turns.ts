import { within } from '@arcadium/mesh/resilience';
import type { IdempotencyClaim } from '@arcadium/mesh/server';
import { keyReused } from '@arcadium/mesh/wire';

import { longestWaitMs, notNow } from './not-now.ts';

/** The answer, as it is kept; nothing where the work failed. */
type Outcome = { readonly answer: string | null } | undefined;

/** A call that is under way in this process, and what the others of its key wait for. */
interface Turn {
  readonly claim: IdempotencyClaim;
  /** Never rejects. */
  readonly outcome: Promise<Outcome>;
}

/** The calls under way, by caller, procedure and key, for each client: two clients may be of two databases. */
const underWay = new WeakMap<object, Map<string, Turn>>();

/**
 * Lets one call of a key at a time go to the database, of those in this process: the others wait here, where a wait takes
 * no connection. What the first is answered is their answer too; where it fails, the next one has its turn. Who does the
 * work is not decided here but by the database: this only spares it.
 *
 * @param work What the call does when it has its turn; is given how long it may still wait, in milliseconds.
 * @throws MeshError CONFLICT `IDEMPOTENCY_KEY_REUSED` where the first call had another input; SERVICE_UNAVAILABLE, safe to
 * be made again, after a wait of 3 s in all; the reason of the signal; what the work throws.
 */
export async function inTurn(
  client: object,
  { claim, signal }: { claim: IdempotencyClaim; signal: AbortSignal },
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
  // Nothing is awaited between the look and this: of several that are free to go, one goes.
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

async function waitFor({ outcome }: Turn, until: number, signal: AbortSignal): Promise<Outcome> {
  const onLate = (): never => {
    throw notNow();
  };
  return within(() => outcome, { ms: Math.max(0, until - performance.now()), signal, onLate });
}
