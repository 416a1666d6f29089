import { SteadyClock } from '../../clock/index.ts';
import type { ServiceIdentity, UserIdentity } from '../../contract/index.ts';

/** A token (its `jti`), a session (its `sid`) or a key (its `kid`) that was revoked. */
export type Revocation = Readonly<{
  id: string;
  /** When the last token affected expires, in milliseconds since 1970. */
  expiresAt: number;
}>;

/**
 * Entries expire in groups of one minute, in milliseconds, and are kept for one minute longer: a token is accepted for
 * some seconds after it expires, and clocks differ.
 */
const bucketMs = 60_000;

/** Most entries removed, or written to the local copy, in one turn of the event loop. */
export const entriesPerTurn = 5000;

/**
 * Revocations in memory. An entry is removed once the tokens it affects have
 * expired by the earliest time that it may be, so a wall clock that is set
 * forward removes nothing.
 *
 * @example
 * const revocations = new RevocationSet();
 * revocations.add([{ id: 'the jti of a token', expiresAt: Date.now() + 60_000 }]);
 * const authenticate = createAuthenticate(keys, { revocations });
 */
export class RevocationSet {
  readonly #clock: SteadyClock;
  /** The bucket of each id. */
  #ids = new Map<string, number>();
  /** The ids of each bucket; an id that was added again with a later end is in both, and expires with the later. */
  #buckets = new Map<number, string[]>();
  readonly #watchers = new Map<string, Set<() => void>>();
  #sweeping: NodeJS.Timeout | undefined;

  /** @param clock Decides when entries have expired. @default its own */
  constructor(clock: SteadyClock = new SteadyClock()) {
    this.#clock = clock;
  }

  /** Number of entries. */
  get size(): number {
    return this.#ids.size;
  }

  /** Whether this token, session or key is revoked. Called several times for each call. */
  has(id: string): boolean {
    return this.#ids.size !== 0 && this.#ids.has(id);
  }

  /** Adds entries that have not expired, and calls the watchers of new ids. */
  add(revocations: Iterable<Revocation>): void {
    const expired = this.#lastExpired();
    for (const { id, expiresAt } of revocations) {
      const bucket = Math.ceil(expiresAt / bucketMs);
      const before = this.#ids.get(id);
      if (bucket <= expired || (before !== undefined && before >= bucket)) continue;
      this.#ids.set(id, bucket);
      const ids = this.#buckets.get(bucket);
      if (ids) ids.push(id);
      else this.#buckets.set(bucket, [id]);
      if (before === undefined) this.#tell(id);
    }
    this.#sweepIn(bucketMs);
  }

  /**
   * Replaces all entries with those of another set, in constant time, and calls the watchers of new ids.
   *
   * @param other Must not be used afterwards.
   */
  replaceAll(other: RevocationSet): void {
    this.#ids = other.#ids;
    this.#buckets = other.#buckets;
    other.close();
    this.#sweepIn(bucketMs);
    for (const id of this.#watchers.keys()) if (this.#ids.has(id)) this.#tell(id);
  }

  /** All entries, with ends rounded up to the minute. */
  *entries(): Generator<Revocation> {
    for (const [id, bucket] of this.#ids) yield { id, expiresAt: bucket * bucketMs };
  }

  /**
   * Calls the listener once, within the call that adds one of these ids, or now if one is revoked already. Costs nothing
   * when other ids are revoked.
   *
   * @returns Ends the watch.
   */
  watch(ids: readonly string[], listener: () => void): () => void {
    const end = (): void => {
      for (const id of ids) {
        const own = this.#watchers.get(id);
        if (own?.delete(told) && own.size === 0) this.#watchers.delete(id);
      }
    };
    const told = (): void => {
      end();
      listener();
    };
    if (ids.some((id) => this.has(id))) {
      listener();
      return () => {};
    }
    for (const id of ids) {
      const own = this.#watchers.get(id);
      if (own) own.add(told);
      else this.#watchers.set(id, new Set([told]));
    }
    return end;
  }

  /** Stops removing expired entries; `has` still works. */
  close(): void {
    clearTimeout(this.#sweeping);
    this.#sweeping = undefined;
  }

  #tell(id: string): void {
    const own = this.#watchers.get(id);
    if (own) for (const listener of own) listener();
  }

  #sweepIn(ms: number): void {
    if (this.#sweeping || this.#ids.size === 0) return;
    this.#sweeping = setTimeout(() => {
      this.#sweeping = undefined;
      this.#sweepIn(this.#sweep() ? bucketMs : 10);
    }, ms).unref();
  }

  /** Removes expired entries. @returns Whether all were removed. */
  #sweep(): boolean {
    const expired = this.#lastExpired();
    let left = entriesPerTurn;
    for (const [bucket, ids] of this.#buckets) {
      if (bucket > expired) continue;
      for (const id of ids.splice(-left)) {
        if (this.#ids.get(id) === bucket) this.#ids.delete(id);
        left -= 1;
      }
      if (ids.length === 0) this.#buckets.delete(bucket);
      if (left === 0) return false;
    }
    return true;
  }

  /** The last bucket that has expired. */
  #lastExpired(): number {
    return Math.floor(this.#clock.earliest() / bucketMs) - 1;
  }
}

/** The part of a {@link RevocationSet} that each call is checked against. */
export type RevocationCheck = Pick<RevocationSet, 'has'>;

type Revocable = { tokenId: string; sessionId?: string | undefined; keyId?: string | undefined };

/**
 * Ids whose revocation ends an identity: its token's `jti`, its session's `sid`, its signing key's `kid`.
 *
 * @example
 * const { user } = call.caller;
 * const ids = revocableIds(user);
 */
export function revocableIds(identity: ServiceIdentity | UserIdentity): string[] {
  const { tokenId, sessionId, keyId }: Revocable = identity;
  return [tokenId, sessionId, keyId].filter((id) => id !== undefined);
}

/** Whether the token of an identity, its session or its key is revoked. */
export function isRevoked(identity: ServiceIdentity | UserIdentity, revocations: RevocationCheck): boolean {
  // Runs for each call: without an array.
  const { tokenId, sessionId, keyId }: Revocable = identity;
  if (revocations.has(tokenId) || (keyId !== undefined && revocations.has(keyId))) return true;
  return sessionId !== undefined && revocations.has(sessionId);
}
