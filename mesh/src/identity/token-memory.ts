import { LRUCache } from 'lru-cache';
import { SteadyClock } from '../clock/index.ts';
import type { ServiceIdentity, UserIdentity } from '../contract/index.ts';
import { isRevoked, type RevocationCheck } from './revocations/revoked.ts';
import { mustHold } from './verify.ts';

/** Shortest interval at which expired tokens are forgotten, in milliseconds; checked when a token is added. */
const forgetEveryMs = 60_000;

/** The identity in a verified token, and the `kid` of its key. */
export type Proof<Identity> = Readonly<{ identity: Identity; kid: string }>;

/**
 * Makes the memory of verified tokens, by the text of their header.
 *
 * @param keys Whether a key is trusted now.
 * @param options.max Most tokens; beyond, the least recently used are forgotten. With 700 characters each, the default
 * takes about 10 MB. @default 10000
 */
export function createMemory<Identity extends ServiceIdentity | UserIdentity>(
  keys: Readonly<{ has(kid: string): boolean }>,
  {
    revocations,
    clock = new SteadyClock(),
    max = 10_000,
  }: { revocations?: RevocationCheck | undefined; clock?: SteadyClock; max?: number } = {},
) {
  type Known = Proof<Identity> & Readonly<{ text: string }>;
  const known = new LRUCache<string, Known>({ max });
  // Consecutive calls are often by one caller, with the same string object.
  let last: Known | undefined;
  let forgetAt = clock.monotonic() + forgetEveryMs;
  let { epoch } = clock;
  const forgetExpired = (): void => {
    if (clock.monotonic() < forgetAt) return;
    forgetAt = clock.monotonic() + forgetEveryMs;
    const now = clock.latest();
    for (const [key, { identity }] of known.entries()) if (identity.expiresAt <= now) known.delete(key);
  };
  /** After a jump of the clock, a remembered token may not be valid. */
  const forgetAfterJump = (): void => {
    if (clock.epoch === epoch) return;
    ({ epoch } = clock);
    last = undefined;
    known.clear();
  };
  return {
    get size(): number {
      return known.size;
    },
    recall(text: string): Identity | undefined {
      forgetAfterJump();
      const found = last?.text === text ? last : known.get(keyOf(text));
      if (found?.text !== text) return undefined;
      const inForce = clock.latest() < found.identity.expiresAt && keys.has(found.kid);
      if (inForce && !isRevoked(found.identity, revocations)) {
        last = found;
        return found.identity;
      }
      last = undefined;
      known.delete(keyOf(text));
      return undefined;
    },
    /** @throws MeshError UNAUTHORIZED if it is revoked, or has expired by the latest time that it may be. */
    keep(text: string, proof: Proof<Identity>): Identity {
      mustHold(proof.identity, { revocations, clock });
      forgetExpired();
      last = { ...proof, text };
      known.set(keyOf(text), last);
      return proof.identity;
    },
  };
}

/** Half of the signature, which is unique: hashing the whole text takes 1 µs. */
function keyOf(text: string): string {
  return text.slice(-43);
}
