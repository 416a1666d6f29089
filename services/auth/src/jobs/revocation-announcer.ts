import { setImmediate as turn } from 'node:timers/promises';
import type { RevocationEvent } from '@arcadium/contracts/auth';
import { Outage, type Logger } from '@arcadium/mesh/telemetry';
import { describeDatabaseError, type DatabaseUrl } from '@arcadium/postgres/database';
import { Listener } from '@arcadium/postgres/listener';
import { presentRevocation } from '../presenters/revocation.ts';
import type { Revocation, RevocationPage, TokenBlacklist } from '../stores/token-blacklist.ts';

/** What {@link RevocationAnnouncer} needs. */
export interface RevocationAnnouncerOptions {
  blacklist: Pick<TokenBlacklist, 'after'>;
  /** For LISTEN: PostgreSQL itself, without a pooler. */
  databaseUrl: DatabaseUrl;
  log: Logger;
  now: () => Date;
  /** Interval of queries without a notification, in milliseconds. @default 500 */
  everyMs?: number;
  /** Silence after which followers get a heartbeat, in milliseconds. @default 1000 */
  heartbeatMs?: number;
}

/** Most entries in one event, as in the contract, and in one query. */
const mostAtOnce = 1000;

/** Interval at which expired entries are forgotten, in milliseconds. */
const forgetEveryMs = 60_000;

/** Longest wait of a revoking call until all followers have it, in milliseconds. */
const announceWithinMs = 250;

interface Follower {
  /** Position up to which the follower has processed events and asked for more. */
  taken: number;
  /** The era of that position: the number of resets before it. */
  era: number;
}

/**
 * Tells the services that follow it which tokens and sessions are revoked: one LISTEN connection, and one query every half second, for any
 * number of followers. All entries that have not expired are in memory, ordered by position; a follower is
 * only a position among them.
 */
export class RevocationAnnouncer {
  readonly #options: RevocationAnnouncerOptions;
  readonly #listener: Listener;
  /** Ordered by position. */
  #entries: Revocation[] = [];
  #ids = new Map<string, Revocation>();
  /** Position up to which everything was read. */
  #position = 0;
  /** The newest entry, to detect a restored database. */
  #newest: string | undefined;
  /** Whether the entries are complete; false while everything is read again. */
  #whole = false;
  /** Number of resets of the list. */
  #era = 0;
  /** When the last successful query started, by `performance.now()`. */
  #askedAt = -Infinity;
  #forgotAt = -Infinity;
  #asking: Promise<void> | undefined;
  #askAgain = false;
  readonly #outage: Outage;
  /** Whether the next query must start from the beginning. */
  #startOver = false;
  #timer: NodeJS.Timeout | undefined;
  readonly #waiting = new Set<() => void>();
  readonly #followers = new Set<Follower>();
  /** Calls that wait until followers have processed an entry. */
  readonly #announcing = new Set<() => void>();

  constructor(options: RevocationAnnouncerOptions) {
    this.#options = options;
    this.#outage = new Outage(options.log);
    this.#listener = new Listener({
      url: options.databaseUrl,
      channel: 'auth_token_blacklist',
      onConnect: () => void this.#ask(),
      onPayload: () => void this.#ask(),
      log: options.log,
    });
  }

  /** Starts, without waiting for the database. */
  start(): void {
    this.#listener.start();
    this.#timer = setInterval(() => void this.#ask(), this.#options.everyMs ?? 500).unref();
    void this.#ask();
  }

  /**
   * Reads everything again and sends it to all followers: after a clock jump, entries may have been left out
   * as expired. Without effect before `start()`.
   */
  readAgain(): void {
    if (!this.#timer) return;
    this.#startOver = true;
    void this.#ask();
  }

  /** Stops; followers end by their own signals. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.#listener.stop();
    await this.#asking;
  }

  /** Number of followers that are waiting. */
  get followers(): number {
    return this.#waiting.size;
  }

  /** Whether the id of a token or session is revoked now, as far as known here. */
  has(id: string): boolean {
    const found = this.#ids.get(id);
    return found !== undefined && found.expiresAt > this.#options.now();
  }

  /**
   * The entries after a position, then new ones, until the signal fires. The first event is sent after the
   * next query. After that, an event without items is sent each second, but only while the database answers:
   * silence means that something may be missed.
   *
   * @param after A position from an earlier event. If it is beyond the list's end, the list was reset, and
   * everything is sent again.
   */
  async *follow(after: number, signal: AbortSignal): AsyncGenerator<RevocationEvent> {
    const { heartbeatMs = 1000 } = this.#options;
    const begunAt = performance.now();
    let place = { after, era: this.#era, reset: false };
    let sentAt: number | undefined;
    const gone = () => this.#wake();
    signal.addEventListener('abort', gone);
    const own: Follower = { taken: -1, era: this.#era };
    this.#followers.add(own);
    try {
      while (!signal.aborted) {
        const since = sentAt ?? begunAt;
        // The first event is sent at once. A heartbeat may be slightly early, because it follows a query
        // instead of a clock.
        const isDue =
          this.#askedAt > since && (sentAt === undefined || performance.now() - since > heartbeatMs * 0.9);
        place = this.#restart(place, sentAt === undefined && isDue);
        if (isDue || (sentAt !== undefined && place.after < this.#position)) {
          const event = this.#eventAfter(place.after, place.reset);
          sentAt = performance.now();
          place = { after: event.position, era: place.era, reset: false };
          yield event;
          [own.taken, own.era] = [event.position, place.era];
          this.#wakeAnnouncing();
        } else {
          const next = new Promise<void>((resolve) => this.#waiting.add(resolve));
          if (sentAt === undefined) void this.#ask();
          await next;
        }
      }
    } finally {
      signal.removeEventListener('abort', gone);
      this.#followers.delete(own);
      this.#wakeAnnouncing();
    }
  }

  /**
   * Resolves when all current followers have processed the current revocations: they then hold even if this
   * process ends. Resolves after 250 ms in any case, so that a follower that does not read delays no call.
   * That follower, and those of other replicas, learn of it within their second.
   */
  async announced(): Promise<void> {
    const over = Promise.withResolvers<'over'>();
    const timer = setTimeout(() => over.resolve('over'), announceWithinMs);
    try {
      if ((await Promise.race([this.#ask(), over.promise])) === 'over') return;
      const late = new Set(this.#followers);
      const position = this.#position;
      for (;;) {
        for (const one of late) if (this.#hasTaken(one, position)) late.delete(one);
        if (late.size === 0) break;
        const { promise, resolve } = Promise.withResolvers<void>();
        this.#announcing.add(resolve);
        const first = await Promise.race([promise, over.promise]);
        this.#announcing.delete(resolve);
        if (first === 'over') return;
      }
      // Events taken in this turn of the event loop are sent at its end.
      await turn();
    } finally {
      clearTimeout(timer);
    }
  }

  /** Whether a follower has processed everything up to a position of this era, or has gone. */
  #hasTaken(one: Follower, position: number): boolean {
    return !this.#followers.has(one) || (one.era === this.#era && one.taken >= position);
  }

  #wakeAnnouncing(): void {
    for (const resolve of this.#announcing) resolve();
  }

  /** Moves a position of an earlier era, or beyond the end, to the beginning. */
  #restart(place: { after: number; era: number; reset: boolean }, isFirst: boolean) {
    if (place.era === this.#era && !(isFirst && place.after > this.#position)) return place;
    return { after: 0, era: this.#era, reset: true };
  }

  #eventAfter(after: number, reset: boolean): RevocationEvent {
    const now = this.#options.now();
    const from = firstAfter(this.#entries, after);
    const items = this.#entries.slice(from, from + mostAtOnce);
    const complete = this.#whole && from + items.length === this.#entries.length;
    const position = complete ? this.#position : (items.at(-1)?.position ?? after);
    return {
      items: items.filter(({ expiresAt }) => expiresAt > now).map(presentRevocation),
      position,
      complete,
      reset,
    };
  }

  /** Queries new entries; during a query, another one is queued after it. */
  #ask(): Promise<void> {
    if (this.#asking) {
      this.#askAgain = true;
      return this.#asking;
    }
    return (this.#asking = this.#askUntilCurrent());
  }

  async #askUntilCurrent(): Promise<void> {
    do {
      this.#askAgain = false;
      const askedAt = performance.now();
      try {
        await this.#readAll();
        this.#askedAt = askedAt;
        this.#outage.end({}, 'revocations can be read again');
        this.#forgetExpired();
        this.#wake();
      } catch (error) {
        this.#outage.begin(
          { reason: describeDatabaseError(error) },
          'revocations cannot be read; the services that follow them get no heartbeat',
        );
        break;
      }
    } while (this.#askAgain);
    // Synchronously with the last check: a request from now on starts a new query.
    this.#asking = undefined;
  }

  async #readAll(): Promise<void> {
    if (this.#startOver) {
      this.#startOver = false;
      this.#beginAnew();
    }
    for (;;) {
      const { blacklist, now } = this.#options;
      const page = await blacklist.after(this.#position, { limit: mostAtOnce, now: now() });
      if (this.#isAnother(page)) {
        this.#options.log.warn(
          { position: this.#position },
          'the revocation list was reset; reading all of it again',
        );
        this.#beginAnew();
      } else if (this.#take(page)) return;
    }
  }

  /** Whether earlier entries are missing in this database: it was restored to an earlier day. */
  #isAnother({ top, anchor }: RevocationPage): boolean {
    if (top < this.#position) return true;
    return anchor !== undefined && this.#newest !== undefined && anchor !== this.#newest;
  }

  #beginAnew(): void {
    this.#entries = [];
    this.#ids = new Map();
    this.#position = 0;
    this.#newest = undefined;
    this.#whole = false;
    this.#era += 1;
  }

  /** Adds the entries read. @returns Whether they were all. */
  #take({ entries, top }: RevocationPage): boolean {
    for (const entry of entries) {
      this.#entries.push(entry);
      this.#ids.set(entry.id, entry);
    }
    const last = entries.at(-1);
    const complete = entries.length < mostAtOnce;
    const position = complete ? top : (last?.position ?? top);
    // If the newest entry has expired, only its position is known.
    if (position !== this.#position) this.#newest = last?.position === position ? last.id : undefined;
    this.#position = position;
    this.#whole = complete;
    return complete;
  }

  #forgetExpired(): void {
    if (performance.now() - this.#forgotAt < forgetEveryMs) return;
    this.#forgotAt = performance.now();
    const now = this.#options.now();
    this.#entries = this.#entries.filter(({ expiresAt }) => expiresAt > now);
    this.#ids = new Map(this.#entries.map((entry) => [entry.id, entry]));
  }

  #wake(): void {
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const resolve of waiting) resolve();
  }
}

/** Index of the first entry with a higher position. */
function firstAfter(entries: readonly Revocation[], position: number): number {
  let low = 0;
  let high = entries.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((entries[middle]?.position ?? Infinity) > position) high = middle;
    else low = middle + 1;
  }
  return low;
}
