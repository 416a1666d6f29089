import { setImmediate as turn } from 'node:timers/promises';
import type { RevocationEvent } from '@arcadium/contracts/auth';
import { Outage, type Logger } from '@arcadium/mesh/telemetry';
import { describeDatabaseError } from '@arcadium/prisma/database';
import { Listener } from '@arcadium/prisma/listener';
import type { Revocation, RevocationPage, TokenBlacklist } from '../stores/token-blacklist.ts';

/** What {@link RevocationFeed} needs. */
export interface RevocationFeedOptions {
  blacklist: Pick<TokenBlacklist, 'after'>;
  /** For the connection that listens for additions: PostgreSQL itself, no pooler. */
  databaseUrl: string;
  log: Logger;
  now: () => Date;
  /** How often the database is asked without being told, in milliseconds. @default 500 */
  everyMs?: number;
  /** Silence after which a follower is told that nothing was missed, in milliseconds. @default 1000 */
  heartbeatMs?: number;
}

/** Most entries of one event, as the contract has it, and of one question to the database. */
const mostAtOnce = 1000;

/** How often expired entries are forgotten, in milliseconds. */
const forgetEveryMs = 60_000;

/** How long whoever has revoked something waits until all were told of it, in milliseconds. */
const tellWithinMs = 250;

/** One who follows. */
interface Follower {
  /** Up to where he has taken what he was told, and has come back for more. */
  taken: number;
  /** Before how many restarts of the order that was. */
  era: number;
}

/**
 * What is revoked, in this process: one listener, and one question to the
 * database every half a second, however many follow. All entries that have not
 * expired are held in memory, in the order of their positions; a follower is
 * but a place among them.
 */
export class RevocationFeed {
  readonly #options: RevocationFeedOptions;
  readonly #listener: Listener;
  /** In the order of their positions. */
  #entries: Revocation[] = [];
  #ids = new Map<string, Revocation>();
  /** Up to where everything was read. */
  #position = 0;
  /** The newest entry, to recognise a database that was restored. */
  #newest: string | undefined;
  /** Whether that is all that there is; not while everything is read again. */
  #whole = false;
  /** How often the order of revocations began anew. */
  #era = 0;
  /** When the last question was asked that the database answered, by `performance.now()`. */
  #askedAt = -Infinity;
  #forgotAt = -Infinity;
  #asking: Promise<void> | undefined;
  #askAgain = false;
  readonly #outage: Outage;
  /** Whether the next question is to begin at the start. */
  #startOver = false;
  #timer: NodeJS.Timeout | undefined;
  readonly #waiting = new Set<() => void>();
  readonly #followers = new Set<Follower>();
  /** Those who wait until followers have taken something. */
  readonly #tellers = new Set<() => void>();

  constructor(options: RevocationFeedOptions) {
    this.#options = options;
    this.#outage = new Outage(options.log);
    this.#listener = new Listener({
      url: options.databaseUrl,
      channel: 'auth_token_blacklist',
      onConnect: () => void this.#ask(),
      onPayload: () => void this.#ask(),
      logger: options.log,
    });
  }

  /** Begins; does not wait for the database. */
  start(): void {
    this.#listener.start();
    this.#timer = setInterval(() => void this.#ask(), this.#options.everyMs ?? 500).unref();
    void this.#ask();
  }

  /**
   * Reads everything again, and tells it to all who follow: after a jump of the clock, under which entries were left
   * out of what was read, or of what was told.
   */
  readAgain(): void {
    this.#startOver = true;
    void this.#ask();
  }

  /** Ends it; whoever follows is told by his own signal. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.#listener.stop();
    await this.#asking;
  }

  /** How many follow and wait. */
  get followers(): number {
    return this.#waiting.size;
  }

  /** Whether a token's or a session's id is void at this moment, as far as it is known here. */
  has(id: string): boolean {
    const found = this.#ids.get(id);
    return found !== undefined && found.expiresAt > this.#options.now();
  }

  /**
   * What came after a place, then what comes, until the signal fires. The first
   * event tells how things stand, once the database was asked; after it an
   * event without items comes each second, but only as long as the database
   * answers: silence means that something may be missed.
   *
   * @param after A position that was told before; one beyond all that there are has become void, and all is told again.
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
        // The first one at once; a heartbeat may be early by a little: it goes with a question, not with a clock.
        const isDue =
          this.#askedAt > since && (sentAt === undefined || performance.now() - since > heartbeatMs * 0.9);
        place = this.#restart(place, sentAt === undefined && isDue);
        if (isDue || (sentAt !== undefined && place.after < this.#position)) {
          const event = this.#eventAfter(place.after, place.reset);
          sentAt = performance.now();
          place = { after: event.position, era: place.era, reset: false };
          yield event;
          [own.taken, own.era] = [event.position, place.era];
          this.#wakeTellers();
        } else {
          const next = new Promise<void>((resolve) => this.#waiting.add(resolve));
          if (sentAt === undefined) void this.#ask();
          await next;
        }
      }
    } finally {
      signal.removeEventListener('abort', gone);
      this.#followers.delete(own);
      this.#wakeTellers();
    }
  }

  /**
   * Resolves when all who follow at this moment have taken what is revoked by
   * now: then this process may end, and it holds nevertheless. After 250 ms it
   * resolves in any case: one who does not read keeps nobody waiting. He, and
   * whoever follows another replica, learns of it within his second.
   */
  async told(): Promise<void> {
    const over = Promise.withResolvers<'over'>();
    const timer = setTimeout(() => over.resolve('over'), tellWithinMs);
    try {
      if ((await Promise.race([this.#ask(), over.promise])) === 'over') return;
      const late = new Set(this.#followers);
      const position = this.#position;
      for (;;) {
        for (const one of late) if (this.#hasTaken(one, position)) late.delete(one);
        if (late.size === 0) break;
        const { promise, resolve } = Promise.withResolvers<void>();
        this.#tellers.add(resolve);
        const first = await Promise.race([promise, over.promise]);
        this.#tellers.delete(resolve);
        if (first === 'over') return;
      }
      // What was taken in this turn of the event loop leaves at its end.
      await turn();
    } finally {
      clearTimeout(timer);
    }
  }

  /** Whether one has taken all up to a position of this order; or has gone. */
  #hasTaken(one: Follower, position: number): boolean {
    return !this.#followers.has(one) || (one.era === this.#era && one.taken >= position);
  }

  #wakeTellers(): void {
    for (const resolve of this.#tellers) resolve();
  }

  /** A place in an order that is over, or beyond its end, becomes the beginning. */
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

  /** Asks the database for what is new; a question while one is under way is asked after it. */
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
    // In the same step as the last look at it: whoever asks from now on asks anew.
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

  /** Whether what was read before is not in this database: it was restored to an earlier day. */
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

  /** Takes what was read in; says whether it was all. */
  #take({ entries, top }: RevocationPage): boolean {
    for (const entry of entries) {
      this.#entries.push(entry);
      this.#ids.set(entry.id, entry);
    }
    const last = entries.at(-1);
    const complete = entries.length < mostAtOnce;
    const position = complete ? top : (last?.position ?? top);
    // Of a newest one that has expired, only the place is known.
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

/** An entry as it is told: who follows keeps his place by the event's position. */
export function presentRevocation({ id, expiresAt }: Revocation): RevocationEvent['items'][number] {
  return { id, expiresAt: expiresAt.toISOString() };
}

/** Where the first entry is that has a higher position; entries are in the order of positions. */
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
