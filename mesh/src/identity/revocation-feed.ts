import { SteadyClock } from '../clock/index.ts';
import { backoffMs, type Backoff } from '../resilience/index.ts';
import { describeError, Outage, type Logger } from '../telemetry/index.ts';
import { RevocationCopy } from './revocation-copy.ts';
import { RevocationLedger, type Reader, type Taken } from './revocation-ledger.ts';
import { measureRevocations, revocationEvents } from './revocation-metrics.ts';
import { RevocationPoll } from './revocation-poll.ts';
import type { RevocationSet } from './revocation-set.ts';
import type { RevocationStatus } from './revocation-status.ts';
import { heartbeatMs, revocationEvent, type RevocationSource } from './revocation-source.ts';

/** Silence for so long means that something is wrong, in milliseconds. */
const silenceMs = 1.5 * heartbeatMs;

/** At the start, when a process waits for it, the source is asked also after so long, in milliseconds. */
const startSilenceMs = 500;

/** How long one that watches anew may take until it is told something, in milliseconds, while the source is asked. */
const patienceMs = 4000;

/** Waits before it is watched again. */
const backoff: Backoff = { baseMs: 250, maxMs: 4000, jitter: 0.2 };

/** Without a confirmation for so long what is held is called stale, in milliseconds. */
const staleAfterMs = 5000;

/** How long a start waits for a source that tells nothing, in milliseconds. */
const startWaitMs = 2000;

/** What is revoked, as a source tells it. */
export interface RevocationFeed {
  /** What is in force. */
  readonly set: RevocationSet;
  status(): RevocationStatus;
  /**
   * Resolves when the source has told all that it knows; or when it has told nothing for 2 s: then what the copy on disk
   * holds is in force, or nothing, where there is none.
   *
   * @throws What the signal fires with.
   */
  loaded(signal?: AbortSignal): Promise<void>;
  /** Ends it, and writes the copy; what is held stays in force. */
  stop(): Promise<void>;
}

export interface FollowOptions {
  source: RevocationSource;
  /** What the source is called in the log. */
  from: string;
  /** Where the process keeps what it knows, for its next start. @default nothing is kept */
  stateDir?: string | undefined;
  /** What entries are forgotten by; a jump of its wall clock makes the feed load everything again. @default one of its own */
  clock?: SteadyClock;
  log: Logger;
}

/**
 * Keeps what is revoked up to date: watches the source, and asks it each
 * second while it cannot be watched, so that a revocation is in force within
 * two seconds as long as the source can be reached by either way. What is held
 * stays in force when it cannot. Begins with the copy that the process before
 * left, and loads everything once, and again after each jump of the wall clock:
 * what was taken in or left out under a wrong clock is put right.
 */
export async function followRevocations(options: FollowOptions): Promise<RevocationFeed> {
  const feed = await openRevocations(options);
  feed.start();
  return feed;
}

/** The same, beginning with its `start()`: until then the copy that the process before left is in force. */
export async function openRevocations(options: FollowOptions): Promise<RevocationFeed & { start(): void }> {
  const feed = new Feed(options);
  await feed.load();
  return feed;
}

/** One attempt to watch. */
interface Watching {
  readonly reader: Reader;
  /** Whether it has been told anything. */
  heard: boolean;
  handle: { stop(): void } | undefined;
}

class Feed implements RevocationFeed {
  readonly #options: FollowOptions;
  readonly #ledger: RevocationLedger;
  readonly #copy: RevocationCopy | undefined;
  readonly #poll: RevocationPoll;
  readonly #clock: SteadyClock;
  readonly #endJumps: () => void;
  readonly #unmeasure: () => void;
  readonly #ready = Promise.withResolvers<void>();
  /** Since when the copy is, that it began with. */
  #restoredFrom: string | undefined;
  #starting: NodeJS.Timeout | undefined;
  #watching: Watching | undefined;
  #silence: NodeJS.Timeout | undefined;
  #again: NodeJS.Timeout | undefined;
  /** In a row. */
  #failures = 0;
  #following = false;
  /** That it cannot be watched. */
  readonly #lost: Outage;
  /** That it had said nothing when this process started. */
  readonly #unheard: Outage;
  /** Whether the last question failed. */
  #unanswered = false;
  #confirmedAt: number | undefined;
  #stopped = false;

  constructor(options: FollowOptions) {
    this.#options = options;
    const { source, stateDir, clock = new SteadyClock(), log } = options;
    this.#clock = clock;
    this.#lost = new Outage(log);
    this.#unheard = new Outage(log);
    this.#ledger = new RevocationLedger(() => this.#copy?.changed(), clock);
    this.#copy = stateDir === undefined ? undefined : new RevocationCopy(stateDir, this.#ledger, log);
    this.#poll = new RevocationPoll({
      source,
      ledger: this.#ledger,
      onTaken: (taken) => {
        this.#taken(taken);
        this.#answers();
      },
      onFailed: (reason) => {
        this.#unanswered = true;
        log.debug({ reason: String(reason) }, 'could not poll for revocations');
      },
    });
    this.#unmeasure = measureRevocations(() => this.status());
    this.#endJumps = clock.onJump(() => this.#loadAgain());
  }

  get set(): RevocationSet {
    return this.#ledger.set;
  }

  async load(): Promise<void> {
    const copy = await this.#copy?.load(this.#clock);
    if (!copy) return;
    this.#ledger.restore(copy);
    this.#restoredFrom = copy.savedAt;
  }

  start(): void {
    this.#waitForStart();
    this.#watch();
  }

  status(): RevocationStatus {
    const { set, position } = this.#ledger;
    const confirmedMsAgo =
      this.#confirmedAt === undefined ? undefined : Math.round(performance.now() - this.#confirmedAt);
    const stale = confirmedMsAgo === undefined || confirmedMsAgo > staleAfterMs;
    const state = stale ? 'stale' : this.#following ? 'following' : 'polling';
    return { state, size: set.size, position, confirmedMsAgo };
  }

  async loaded(signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    const aborted = Promise.withResolvers<never>();
    const onAbort = (): void => aborted.reject(signal?.reason);
    signal?.addEventListener('abort', onAbort, { once: true });
    try {
      await Promise.race([this.#ready.promise, aborted.promise]);
    } finally {
      signal?.removeEventListener('abort', onAbort);
    }
  }

  async stop(): Promise<void> {
    if (this.#stopped) return;
    this.#stopped = true;
    this.#unmeasure();
    this.#endJumps();
    this.#endWatching();
    clearTimeout(this.#again);
    clearTimeout(this.#starting);
    this.#poll.stop();
    this.#lost.close();
    this.#unheard.close();
    this.#ready.resolve();
    this.set.close();
    await this.#copy?.close();
  }

  #watch(): void {
    const { source } = this.#options;
    const own: Watching = { reader: this.#ledger.reader(), heard: false, handle: undefined };
    this.#watching = own;
    const askAfterMs = this.#starting ? startSilenceMs : silenceMs;
    this.#silence = setTimeout(() => this.#stillSilent(own, patienceMs - askAfterMs), askAfterMs).unref();
    try {
      own.handle = source.watch({
        after: own.reader.after,
        onEvent: (event) => this.#hear(own, event),
        onEnd: (reason) => this.#endOf(own, reason),
      });
      // It may have ended before it had begun.
      if (this.#watching !== own) own.handle.stop();
    } catch (error) {
      this.#endOf(own, error);
    }
  }

  #hear(own: Watching, event: unknown): void {
    if (this.#watching !== own) return;
    const read = revocationEvent.safeParse(event);
    if (!read.success) return this.#endOf(own, 'an event is not a revocation event');
    revocationEvents.inc({ by: 'watch' });
    own.heard = true;
    clearTimeout(this.#silence);
    this.#silence = setTimeout(() => this.#endOf(own, `no event for ${silenceMs} ms`), silenceMs).unref();
    const taken = this.#ledger.take(read.data, own.reader);
    this.#taken(taken);
    if (taken === 'void') this.#endOf(own, 'the revocation list was reset');
    else if (taken === 'current') this.#follows();
  }

  /** Everything from the start; what is held stays in force until then. */
  #loadAgain(): void {
    this.#ledger.startOver();
    this.#endWatching();
    clearTimeout(this.#again);
    this.#failures = 0;
    this.#watch();
  }

  /** Nothing came yet: the source is asked meanwhile. @param leftMs How long it may still take, in milliseconds. */
  #stillSilent(own: Watching, leftMs: number): void {
    this.#poll.start();
    const end = (): void => this.#endOf(own, `no event within ${patienceMs} ms`);
    this.#silence = setTimeout(end, leftMs).unref();
  }

  #endOf(own: Watching, reason: unknown): void {
    if (this.#watching !== own) return;
    this.#endWatching();
    this.#sayLost(reason);
    this.#poll.start();
    this.#failures += 1;
    this.#again = setTimeout(() => this.#watch(), backoffMs(this.#failures, backoff)).unref();
  }

  /** A question was answered: a source that was gone, and is back, is watched at once, however often that failed before. */
  #answers(): void {
    if (!this.#unanswered) return;
    this.#unanswered = false;
    if (this.#watching || this.#stopped) return;
    clearTimeout(this.#again);
    this.#failures = 0;
    this.#watch();
  }

  #endWatching(): void {
    clearTimeout(this.#silence);
    this.#following = false;
    const handle = this.#watching?.handle;
    this.#watching = undefined;
    handle?.stop();
  }

  #follows(): void {
    this.#following = true;
    this.#failures = 0;
    this.#poll.stop();
    this.#lost.end(this.#place(), `following the revocation stream from ${this.#options.from} again`);
  }

  #sayLost(reason: unknown): void {
    const fields = { reason: describeError(reason), ...this.#place() };
    const message = `lost the revocation stream from ${this.#options.from}; polling every second, known revocations stay in force`;
    this.#lost.begin(fields, message);
  }

  #place() {
    const { size, position } = this.status();
    return { position, held: size };
  }

  /** The source has told something. */
  #taken(taken: Taken): void {
    if (taken === 'current') {
      this.#confirmedAt = performance.now();
      clearTimeout(this.#starting);
      this.#starting = undefined;
      this.#unheard.close();
      this.#ready.resolve();
    } else if (this.#starting) this.#waitForStart();
  }

  #waitForStart(): void {
    clearTimeout(this.#starting);
    this.#starting = setTimeout(() => {
      this.#starting = undefined;
      const fields = { ...this.#place(), saved_at: this.#restoredFrom };
      const { from } = this.#options;
      const message =
        this.#restoredFrom === undefined
          ? `no revocation list from ${from} yet, and no local copy; starting with an empty list`
          : `no revocation list from ${from} yet; starting with the local copy`;
      this.#unheard.begin(fields, message);
      this.#ready.resolve();
    }, startWaitMs);
  }
}
