import type { SteadyClock } from '../../clock/index.ts';
import { backoffMs, defaultRetryPolicy, within } from '../../resilience/index.ts';
import { startupLevel, type Logger } from '../../telemetry/index.ts';
import { createExpiryReminder } from './expiry-reminder.ts';
import { countRotation, watchTokenLife } from './metrics.ts';
import { UnfitTokenError, type ServiceToken } from './service-token.ts';

/** Asks auth for the successor of the token in force; repeated calls return the same one. */
export type ExchangeToken = (signal: AbortSignal) => Promise<{ token: string }>;

export interface TokenRotationOptions {
  token: ServiceToken;
  /** Called with the token in force; rejects if there is no answer. */
  exchange: ExchangeToken;
  log: Logger;
  /** Measures waits, also when the wall clock is set. @default performance.now() */
  clock?: Pick<SteadyClock, 'monotonic'>;
  /** A random number, 0 to 1. @default Math.random */
  random?: () => number;
}

/** What a rotation does: waits for the next exchange, runs it, or has ended. */
type Mode = Waiting | Readonly<{ name: 'renewing'; from: Waiting }> | Readonly<{ name: 'stopped' }>;

/** The next exchange is due once both times are over. */
type Waiting = Readonly<{
  name: 'waiting';
  /** The token to exchange. */
  token: string;
  /** Half of the token's life is over, by the wall clock, as the times in a token are; in milliseconds. */
  dueAt: number;
  /** The start's delay or the back-off is over, by the monotonic clock, in milliseconds. */
  notBefore: number;
  /** Failed exchanges of this token. */
  failures: number;
}>;

/**
 * The share of its life after which a token is exchanged: auth may be down for as long again. The random variation, a
 * share of that, spreads the exchanges of replicas and services.
 */
const due = { share: 0.5, jitter: 0.1 };

/** Longest random delay of the first exchange, in milliseconds: many processes may start at once. */
const startSpreadMs = 5000;

/**
 * Waits between failed exchanges: at most a quarter of the token's remaining life. The longest is also the longest time
 * between two checks of a token in memory.
 */
const backoff = { ...defaultRetryPolicy, maxMs: 3_600_000 };

/** Interval at which the token's file is read, in milliseconds. */
const rereadEveryMs = 1000;

/**
 * Exchanges the token of this service for its successor after half of its life.
 * A failed exchange is repeated without end, after 1 s at first and once an
 * hour at last. Logs when the token is about to expire nevertheless.
 *
 * @example
 * const rotation = new TokenRotation({ token: serviceToken, exchange: async () => ({ token: 'the next' }), log });
 */
export class TokenRotation {
  readonly #options: TokenRotationOptions;
  readonly #monotonic: () => number;
  readonly #random: () => number;
  readonly #remind: () => void;
  readonly #stopping = new AbortController();
  #unwatch: (() => void) | undefined;
  #mode: Mode;
  #timer: NodeJS.Timeout | undefined;
  #renewing: Promise<void> = Promise.resolve();

  constructor(options: TokenRotationOptions) {
    const { token, log, clock, random = Math.random } = options;
    this.#options = options;
    this.#monotonic = () => clock?.monotonic() ?? performance.now();
    this.#random = random;
    this.#remind = createExpiryReminder(token, log);
    this.#mode = this.#fresh();
  }

  start(): void {
    if (this.#mode.name !== 'waiting') return;
    this.#unwatch ??= watchTokenLife(this.#options.token);
    this.#remind();
    this.#enter({ ...this.#mode, notBefore: this.#monotonic() + this.#random() * startSpreadMs });
  }

  /** Cancels an exchange in progress. May be called several times. */
  async stop(): Promise<void> {
    this.#enter({ name: 'stopped' });
    await this.#renewing;
  }

  #enter(mode: Mode): void {
    if (this.#mode.name === 'stopped') return;
    this.#mode = mode;
    clearTimeout(this.#timer);
    if (mode.name === 'waiting') {
      const checkMs = this.#options.token.inFile ? rereadEveryMs : backoff.maxMs;
      const renew = (): void => this.#enter({ name: 'renewing', from: mode });
      this.#timer = setTimeout(renew, Math.min(this.#leftMs(mode), checkMs)).unref();
    } else if (mode.name === 'renewing') {
      this.#renewing = this.#renew(mode.from).then((waiting) => {
        this.#remind();
        this.#enter(waiting);
      });
    } else {
      this.#stopping.abort(new Error('the service is stopping'));
      this.#unwatch?.();
    }
  }

  /** The wait of a token that was not exchanged yet. */
  #fresh(): Waiting {
    const { token, issuedAt, expiresAt } = this.#options.token.facts;
    const share = due.share * (1 + due.jitter * (2 * this.#random() - 1));
    const dueAt = issuedAt + (expiresAt - issuedAt) * share;
    return { name: 'waiting', token, dueAt, notBefore: 0, failures: 0 };
  }

  /** Time until the exchange is due, in milliseconds. */
  #leftMs({ dueAt, notBefore }: Waiting): number {
    return Math.max(0, dueAt - Date.now(), notBefore - this.#monotonic());
  }

  /** Reads the file, and exchanges the token if that is due. Never rejects. */
  async #renew(from: Waiting): Promise<Waiting> {
    const { token, exchange, log } = this.#options;
    if (await token.reread()) {
      countRotation(token, 'adopted');
      log.info(
        { expires_at: expiryOf(token) },
        'the service token is renewed: another process of this service has written a new one to the file',
      );
    }
    const now = token.current === from.token ? from : this.#fresh();
    if (this.#leftMs(now) > 0) return now;
    try {
      const { signal } = this.#stopping;
      const next = await within(exchange, { ms: 60_000, signal });
      await token.replace(next.token);
    } catch (error) {
      return this.#failed(now, error);
    }
    countRotation(token, 'renewed');
    log.info({ expires_at: expiryOf(token) }, 'the service token is renewed');
    return this.#fresh();
  }

  /** Sets the next attempt, sooner the less life is left. */
  #failed(mode: Waiting, error: unknown): Waiting {
    const { token, log } = this.#options;
    if (this.#stopping.signal.aborted) return mode;
    const failures = mode.failures + 1;
    const leftMs = token.facts.expiresAt - Date.now();
    // An expired token gains nothing by haste.
    const mostMs = leftMs > 0 ? Math.max(backoff.baseMs, leftMs / 4) : Infinity;
    const waits = { ...backoff, maxMs: Math.min(backoff.maxMs, mostMs) };
    const waitMs = Math.round(backoffMs(failures, waits, this.#random()));
    const next = { ...mode, notBefore: this.#monotonic() + waitMs, failures };
    const reason = error instanceof Error ? error.message : String(error);
    const fields = { reason, retry_in_ms: Math.round(this.#leftMs(next)) };
    if (error instanceof UnfitTokenError) {
      countRotation(token, 'refused');
      log.error(fields, 'auth returned an unusable service token; the old one stays in force');
    } else {
      countRotation(token, 'failed');
      log[startupLevel()](fields, 'could not renew the service token; the old one stays in force');
    }
    return next;
  }
}

function expiryOf({ facts }: ServiceToken): string {
  return new Date(facts.expiresAt).toISOString();
}
