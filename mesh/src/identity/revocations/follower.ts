import { SteadyClock } from '../../clock/index.ts';
import { backoffMs, defaultRetryPolicy, within } from '../../resilience/index.ts';
import { describeError, Outage, type Logger } from '../../telemetry/index.ts';
import { RevocationCopy } from './copy.ts';
import { RevocationLedger, type Reader, type Taken } from './ledger.ts';
import { RevocationPoll } from './poll.ts';
import type { RevocationSet } from './set.ts';
import { heartbeatMs, revocationEvent, type RevocationSource } from './source.ts';
import { measureRevocations, revocationEvents, type RevocationStatus } from './status.ts';

/** What a follower asks of its source. `/api/mesh` and the metrics show all but `following` as `polling`. */
type Mode = 'restored' | 'connecting' | 'following' | 'polling' | 'reconnecting' | 'stopped';

/** Longest wait for the stream before it is closed, and longest wait before it is opened again, in milliseconds. */
const reconnectingMs = 4000;

/**
 * For each mode, whether the stream is open, whether the source is polled once a second, and the next mode after
 * `waitMs` milliseconds without an event; `polling` lasts for a back-off, or until a poll is answered after one that
 * failed. The end of a stream leads to `polling`, an event that confirms that nothing is missing to `following`, and a
 * jump of the wall clock to `connecting`.
 */
const modes: Record<Mode, { stream?: true; polls?: true; waitMs?: number; next?: Mode }> = {
  restored: {},
  connecting: { stream: true, waitMs: 500, next: 'reconnecting' },
  following: { stream: true, waitMs: 1.5 * heartbeatMs, next: 'polling' },
  polling: { polls: true, next: 'reconnecting' },
  reconnecting: { stream: true, polls: true, waitMs: reconnectingMs, next: 'polling' },
  stopped: {},
};

/** Waits of the mode `polling`. */
const backoff = { ...defaultRetryPolicy, baseMs: 250, maxMs: reconnectingMs };

export interface FollowOptions {
  source: RevocationSource;
  /** Name of the source in the log. */
  from: string;
  /** Directory of the local copy for the next start. @default no copy is kept */
  stateDir?: string | undefined;
  /** Decides when entries have expired; after a jump of its wall clock everything is loaded again. @default its own */
  clock?: SteadyClock;
  log: Logger;
}

/**
 * Keeps the list of revocations up to date. Follows the stream of the source,
 * and polls it once a second while that fails, so that a revocation is in force
 * within two seconds if either works. If neither does, known revocations stay
 * in force. Starts with the local copy, and loads everything once, and again
 * after each jump of the wall clock.
 *
 * @example
 * declare const source: RevocationSource;
 * const revocations = await followRevocations({ source, from: 'auth', log });
 * await revocations.loaded();
 */
export async function followRevocations(options: FollowOptions): Promise<RevocationFollower> {
  const follower = await openRevocations(options);
  follower.start();
  return follower;
}

/**
 * The same, but the source is not asked before `start()`: until then the local copy is in force.
 *
 * @example
 * declare const source: RevocationSource;
 * const revocations = await openRevocations({ source, from: 'auth', log });
 * revocations.start();
 */
export async function openRevocations(options: FollowOptions): Promise<RevocationFollower> {
  const follower = new RevocationFollower(options);
  await follower.restore();
  return follower;
}

/** Made by {@link followRevocations} and {@link openRevocations}. */
export class RevocationFollower {
  readonly #options: FollowOptions;
  readonly #clock: SteadyClock;
  readonly #ledger: RevocationLedger;
  readonly #copy: RevocationCopy | undefined;
  readonly #poll: RevocationPoll;
  readonly #unmeasure = measureRevocations(() => this.status());
  #endJumps = (): void => {};
  #mode: Mode = 'restored';
  /** Ends the mode. */
  #timer: NodeJS.Timeout | undefined;
  #stream: { readonly reader: Reader; stop(): void } | undefined;
  /** Streams in a row that have ended before they were up to date. */
  #failures = 0;
  #pollFailed = false;
  #confirmedAt: number | undefined;
  /** When the local copy was written. */
  #savedAt: string | undefined;
  readonly #ready = Promise.withResolvers<void>();
  /** Ends the wait for the source. */
  #starting: NodeJS.Timeout | undefined;
  /** The stream is lost. */
  readonly #lost: Outage;
  /** The source has not answered since the start. */
  readonly #unheard: Outage;

  constructor(options: FollowOptions) {
    const { source, stateDir, clock = new SteadyClock(), log } = options;
    this.#options = options;
    this.#clock = clock;
    this.#ledger = new RevocationLedger(() => this.#copy?.changed(), clock);
    this.#copy = stateDir === undefined ? undefined : new RevocationCopy(stateDir, this.#ledger, log);
    this.#poll = new RevocationPoll({
      source,
      ledger: this.#ledger,
      onTaken: (taken) => this.#polled(taken),
      onFailed: (reason) => {
        this.#pollFailed = true;
        log.debug({ reason: String(reason) }, 'could not poll for revocations');
      },
    });
    this.#lost = new Outage(log);
    this.#unheard = new Outage(log);
  }

  /** The revocations in force. */
  get set(): RevocationSet {
    return this.#ledger.set;
  }

  status(): RevocationStatus {
    const { set, position } = this.#ledger;
    const confirmedMsAgo =
      this.#confirmedAt === undefined ? undefined : Math.round(performance.now() - this.#confirmedAt);
    const stale = confirmedMsAgo === undefined || confirmedMsAgo > 5 * heartbeatMs;
    const state = stale ? 'stale' : this.#mode === 'following' ? 'following' : 'polling';
    return { state, size: set.size, position, confirmedMsAgo };
  }

  /** Puts the local copy in force. */
  async restore(): Promise<void> {
    const copy = await this.#copy?.load(this.#clock);
    if (!copy) return;
    this.#ledger.restore(copy);
    this.#savedAt = copy.savedAt;
  }

  /** Starts to ask the source. */
  start(): void {
    if (this.#mode !== 'restored') return;
    this.#endJumps = this.#clock.onJump(() => this.#reload());
    this.#waitForSource();
    this.#enter('connecting');
  }

  /**
   * Resolves when everything is loaded, or the source has not answered for 2 s: then the local copy is in force, or an
   * empty list if there is none.
   *
   * @throws The reason of the signal.
   */
  async loaded(signal?: AbortSignal): Promise<void> {
    await within(() => this.#ready.promise, { signal });
  }

  /** Stops asking the source, and writes the local copy; known revocations stay in force. */
  async stop(): Promise<void> {
    if (this.#mode === 'stopped') return;
    this.#enter('stopped');
    this.#unmeasure();
    this.#endJumps();
    clearTimeout(this.#starting);
    this.#lost.close();
    this.#unheard.close();
    this.#ready.resolve();
    this.set.close();
    await this.#copy?.close();
  }

  #enter(mode: Mode): void {
    const { stream, polls, waitMs } = modes[mode];
    this.#mode = mode;
    this.#wait(mode === 'polling' ? backoffMs(this.#failures, backoff) : waitMs);
    if (polls) this.#poll.start();
    else this.#poll.stop();
    if (!stream) this.#close();
    // Last: a stream may end while it is opened, which enters another mode.
    else if (!this.#stream) this.#open();
  }

  /** Sets the end of the mode. */
  #wait(ms: number | undefined): void {
    clearTimeout(this.#timer);
    if (ms !== undefined) this.#timer = setTimeout(() => this.#late(ms), ms).unref();
  }

  #late(ms: number): void {
    const { next } = modes[this.#mode];
    if (next === 'polling') this.#lose(`no event for ${ms} ms`);
    else if (next) this.#enter(next);
  }

  #open(): void {
    const reader = this.#ledger.reader();
    const isOpen = (): boolean => this.#stream?.reader === reader;
    this.#stream = { reader, stop: () => {} };
    try {
      const handle = this.#options.source.watch({
        after: reader.after,
        onEvent: (event) => isOpen() && this.#hear(event, reader),
        onEnd: (reason) => isOpen() && this.#lose(reason),
      });
      if (isOpen()) this.#stream = { reader, stop: () => handle.stop() };
      else handle.stop();
    } catch (error) {
      if (isOpen()) this.#lose(error);
    }
  }

  #close(): void {
    const stream = this.#stream;
    this.#stream = undefined;
    stream?.stop();
  }

  #hear(event: unknown, reader: Reader): void {
    const read = revocationEvent.safeParse(event);
    if (!read.success) return this.#lose('an event is not a revocation event');
    revocationEvents.inc({ by: 'watch' });
    const taken = this.#ledger.take(read.data, reader);
    this.#take(taken);
    if (taken === 'void') return this.#lose('the revocation list was reset');
    if (taken !== 'current' || this.#mode === 'following') return this.#wait(modes.following.waitMs);
    this.#failures = 0;
    this.#enter('following');
    this.#lost.end(this.#place(), `following the revocation stream from ${this.#options.from} again`);
  }

  #lose(reason: unknown): void {
    this.#failures += 1;
    this.#enter('polling');
    this.#lost.begin(
      { reason: describeError(reason), ...this.#place() },
      `lost the revocation stream from ${this.#options.from}; polling every second, known revocations stay in force`,
    );
  }

  /** A source that was away is followed as soon as it answers a poll, without the rest of the back-off. */
  #polled(taken: Taken): void {
    this.#take(taken);
    const isBack = this.#pollFailed;
    this.#pollFailed = false;
    if (!isBack || this.#mode !== 'polling') return;
    this.#failures = 0;
    this.#enter('reconnecting');
  }

  /** Loads everything again; known revocations stay in force until that is complete. */
  #reload(): void {
    this.#ledger.startOver();
    this.#close();
    this.#failures = 0;
    this.#enter('connecting');
  }

  #take(taken: Taken): void {
    if (taken === 'current') {
      this.#confirmedAt = performance.now();
      clearTimeout(this.#starting);
      this.#starting = undefined;
      this.#unheard.close();
      this.#ready.resolve();
    } else if (this.#starting) this.#waitForSource();
  }

  /** Ends the start when the source misses two heartbeats. */
  #waitForSource(): void {
    clearTimeout(this.#starting);
    this.#starting = setTimeout(() => {
      this.#starting = undefined;
      const { from } = this.#options;
      this.#unheard.begin(
        { ...this.#place(), saved_at: this.#savedAt },
        this.#savedAt === undefined
          ? `no revocation list from ${from} yet, and no local copy; starting with an empty list`
          : `no revocation list from ${from} yet; starting with the local copy`,
      );
      this.#ready.resolve();
    }, 2 * heartbeatMs);
  }

  #place() {
    const { set, position } = this.#ledger;
    return { position, held: set.size };
  }
}
