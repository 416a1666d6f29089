import type { SteadyClock } from '../clock/index.ts';
import { backoffMs, within } from '../resilience/index.ts';
import { startupLevel, type Logger } from '../telemetry/index.ts';
import { createExpiryReminder } from './expiry-reminder.ts';
import { countRotation, watchTokenLife } from './rotation-metrics.ts';
import { UnfitTokenError, type ServiceToken } from './service-token.ts';

/** Asks auth for the successor of the token in force; the same one, however often. */
export type ExchangeToken = (signal: AbortSignal) => Promise<{ token: string }>;

/** What a rotation needs. */
export interface TokenRotationOptions {
  /** The token that is to be renewed. */
  token: ServiceToken;
  /** Called with the token in force; fails if there is no answer. */
  exchange: ExchangeToken;
  log: Logger;
  /** Measures waits, which do not change when a clock is set. @default performance.now() */
  clock?: Pick<SteadyClock, 'monotonic'>;
  /** Chance, 0 to 1. @default Math.random */
  random?: () => number;
}

/** A token is exchanged at this share of its life, so that auth may be away for as long again. */
const dueAtShare = 0.5;

/** By this share of that time chance puts it forward or back, so that replicas and services do not come at once. */
const dueJitter = 0.1;

/** What is due already when the process starts is done within so long, in milliseconds: many may be starting. */
const startSpreadMs = 5000;

/** Waits between failed exchanges. */
const backoff = { baseMs: 1000, maxMs: 3_600_000, jitter: 0.2 };

/** Of the life that is left, at most this share passes until the next attempt. */
const longestWaitShare = 0.25;

/** Longest wait for one exchange, in milliseconds. */
const exchangeTimeoutMs = 60_000;

/** How often a token's file is looked into, in milliseconds. */
const rereadEveryMs = 30_000;

/** How often a token without a file is looked at, in milliseconds: no timer could wait for all of its life. */
const lookEveryMs = 3_600_000;

/**
 * Exchanges the token of this service for its successor when half of its life
 * is over, for ever: a failure is tried again, after 1 s at first and once an
 * hour at last. Says in the log when one is about to expire nevertheless.
 */
export class TokenRotation {
  readonly #token: ServiceToken;
  readonly #exchange: ExchangeToken;
  readonly #log: Logger;
  readonly #clock: Pick<SteadyClock, 'monotonic'>;
  readonly #random: () => number;
  readonly #remind: () => void;
  readonly #stopping = new AbortController();
  #unwatch: (() => void) | undefined;
  /** The token that the next two are about. */
  #plannedFor: string | undefined;
  /** By the wall clock, as the times in a token are. */
  #dueAt = 0;
  /** No attempt is made before, on the monotonic clock: a wait does not get longer because a clock is set. */
  #notBefore = 0;
  #failures = 0;
  #timer: NodeJS.Timeout | undefined;
  #looking: Promise<void> = Promise.resolve();

  constructor({ token, exchange, log, clock, random = Math.random }: TokenRotationOptions) {
    this.#token = token;
    this.#exchange = exchange;
    this.#log = log;
    this.#clock = clock ?? { monotonic: () => performance.now() };
    this.#random = random;
    this.#remind = createExpiryReminder(token, log);
  }

  start(): void {
    this.#unwatch ??= watchTokenLife(this.#token);
    this.#plan();
    // One that is long due is not asked for by all at the same moment.
    this.#notBefore = this.#clock.monotonic() + this.#random() * startSpreadMs;
    this.#remind();
    this.#wait();
  }

  /** Cancels an exchange in progress. May be called several times. */
  async stop(): Promise<void> {
    this.#stopping.abort(new Error('the service is stopping'));
    clearTimeout(this.#timer);
    this.#unwatch?.();
    await this.#looking;
  }

  /** Decides when the token in force is exchanged: once for each. */
  #plan(): void {
    const { token, issuedAt, expiresAt } = this.#token.facts;
    if (token === this.#plannedFor) return;
    this.#plannedFor = token;
    this.#failures = 0;
    this.#notBefore = 0;
    const share = dueAtShare * (1 + dueJitter * (2 * this.#random() - 1));
    this.#dueAt = issuedAt + (expiresAt - issuedAt) * share;
  }

  #wait(): void {
    if (this.#stopping.signal.aborted) return;
    const untilDueMs = this.#leftMs();
    const lookMs = this.#token.inFile ? rereadEveryMs : lookEveryMs;
    this.#timer = setTimeout(
      () => {
        this.#looking = this.#look().finally(() => this.#wait());
      },
      Math.min(untilDueMs, lookMs),
    ).unref();
  }

  /** How long it is until the next attempt, in milliseconds. */
  #leftMs(): number {
    return Math.max(0, this.#dueAt - Date.now(), this.#notBefore - this.#clock.monotonic());
  }

  /** Never fails. */
  async #look(): Promise<void> {
    if (await this.#token.reread()) {
      countRotation(this.#token, 'adopted');
      this.#log.info(
        { expires_at: expiryOf(this.#token) },
        'the service token is renewed: another process of this service has written a new one to the file',
      );
    }
    this.#plan();
    if (this.#leftMs() === 0) await this.#rotate();
    this.#remind();
  }

  async #rotate(): Promise<void> {
    try {
      const { token } = await this.#ask();
      await this.#token.replace(token);
    } catch (error) {
      if (!this.#stopping.signal.aborted) this.#fail(error);
      return;
    }
    countRotation(this.#token, 'renewed');
    this.#log.info({ expires_at: expiryOf(this.#token) }, 'the service token is renewed');
    this.#plan();
  }

  /** Asks for a successor, for so long as one may take, or until the service stops. */
  #ask(): Promise<{ token: string }> {
    return within(this.#exchange, { ms: exchangeTimeoutMs, signal: this.#stopping.signal });
  }

  #fail(error: unknown): void {
    this.#postpone();
    const reason = error instanceof Error ? error.message : String(error);
    const fields = { reason, retry_in_ms: Math.round(this.#leftMs()) };
    if (error instanceof UnfitTokenError) {
      countRotation(this.#token, 'refused');
      this.#log.error(fields, 'auth returned an unusable service token; the old one stays in force');
    } else {
      countRotation(this.#token, 'failed');
      this.#log[startupLevel()](fields, 'could not renew the service token; the old one stays in force');
    }
  }

  /** Puts the next attempt off, for less the sooner the token expires. */
  #postpone(): void {
    const { baseMs, maxMs } = backoff;
    this.#failures += 1;
    const leftMs = this.#token.facts.expiresAt - Date.now();
    // One that has expired has lost already: nothing is gained by haste.
    const mostMs = leftMs > 0 ? Math.max(baseMs, leftMs * longestWaitShare) : maxMs;
    const own = { ...backoff, maxMs: Math.min(maxMs, mostMs) };
    this.#notBefore = this.#clock.monotonic() + Math.round(backoffMs(this.#failures, own, this.#random()));
  }
}

function expiryOf({ facts }: ServiceToken): string {
  return new Date(facts.expiresAt).toISOString();
}
