import { SteadyClock } from '../clock/index.ts';

/** A token (its `jti`), a session (its `sid`) or a key (its `kid`) that was ended before its time. */
export type Revocation = Readonly<{
  id: string;
  /** When the last token expires that this is about, in milliseconds since 1970. */
  expiresAt: number;
}>;

/** The grain in which entries go when they have expired, in milliseconds. */
const bucketMs = 60_000;

/** How long an entry is kept beyond its time, in milliseconds: a token passes for some seconds more, and clocks differ. */
const keptLongerMs = 60_000;

/** So many expired entries go in one turn of the event loop. */
const sweptAtOnce = 20_000;

/**
 * What is revoked, in memory. An entry goes by itself when the tokens that it
 * is about have expired, so that the set is no larger than what is revoked of
 * what could still be in use. It goes by the earliest time that it may be: a
 * wall clock that is set forward removes nothing.
 */
export class RevocationSet {
  readonly #clock: SteadyClock;
  /** Of each id, the bucket that it goes with. */
  #ids = new Map<string, number>();
  /** The ids of each bucket; one that was added again with a later end is in both, and goes with the later. */
  #buckets = new Map<number, string[]>();
  readonly #watchers = new Map<string, Set<() => void>>();
  #sweeping: NodeJS.Timeout | undefined;

  /** @param clock What entries go by. @default one of its own */
  constructor(clock: SteadyClock = new SteadyClock()) {
    this.#clock = clock;
  }

  /** How many are held. */
  get size(): number {
    return this.#ids.size;
  }

  /** Whether this token, session or key is revoked. Asked several times for each call. */
  has(id: string): boolean {
    return this.#ids.size !== 0 && this.#ids.has(id);
  }

  /** Adds what is not held yet and has not expired, and tells those who watch it. */
  add(revocations: Iterable<Revocation>): void {
    const over = this.#lastOver();
    for (const { id, expiresAt } of revocations) {
      const bucket = bucketOf(expiresAt);
      const before = this.#ids.get(id);
      if (bucket <= over || (before !== undefined && before >= bucket)) continue;
      this.#ids.set(id, bucket);
      const ids = this.#buckets.get(bucket);
      if (ids) ids.push(id);
      else this.#buckets.set(bucket, [id]);
      if (before === undefined) this.#tell(id);
    }
    this.#sweepIn(bucketMs);
  }

  /**
   * Holds what another one holds, and nothing else, from now on; takes the same
   * time however many they are. What it did not hold before is told to those
   * who watch it.
   *
   * @param other Not to be used any more.
   */
  replaceAll(other: RevocationSet): void {
    this.#ids = other.#ids;
    this.#buckets = other.#buckets;
    other.close();
    this.#sweepIn(bucketMs);
    for (const id of this.#watchers.keys()) if (this.#ids.has(id)) this.#tell(id);
  }

  /** What is held, each with an end that is at most a grain later than the one it came with. */
  *entries(): Generator<Revocation> {
    for (const [id, bucket] of this.#ids) yield { id, expiresAt: bucket * bucketMs };
  }

  /**
   * Calls the listener when one of these ids is revoked, at once where one is already; at most once, within the call
   * that adds it. What others are revoked costs it nothing.
   *
   * @returns Ends it.
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

  /** Ends what it does by itself; what it holds is in force as long as it is asked. */
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

  /** Lets go of what has expired. @returns Whether that was all. */
  #sweep(): boolean {
    const over = this.#lastOver();
    let left = sweptAtOnce;
    for (const [bucket, ids] of this.#buckets) {
      if (bucket > over) continue;
      for (const id of ids.splice(-left)) {
        if (this.#ids.get(id) === bucket) this.#ids.delete(id);
        left -= 1;
      }
      if (ids.length === 0) this.#buckets.delete(bucket);
      if (left === 0) return false;
    }
    return true;
  }

  /** The last bucket of which nothing needs to be held any more. */
  #lastOver(): number {
    return Math.floor((this.#clock.earliest() - keptLongerMs) / bucketMs);
  }
}

/** The first bucket that ends no sooner. */
function bucketOf(time: number): number {
  return Math.ceil(time / bucketMs);
}
