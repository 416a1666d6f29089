import { setTimeout as delay } from 'node:timers/promises';

import { Outage } from '@arcadium/mesh/telemetry';

import type { Logger } from '../logger.ts';
import { describeDatabaseError } from './database-errors.ts';

/** Interval of checks while something is wrong, in milliseconds. */
const everyMs = 1000;

/**
 * Whether the database answers. Failed calls and connections are reported to this, which checks the database
 * and logs: one line when it is down, one when it is back, and at most one per second for failures while it
 * answers, such as an ended connection.
 */
export class Availability {
  readonly #schema: string;
  readonly #ping: () => Promise<void>;
  readonly #ask: () => Promise<unknown>;
  readonly #log: Logger;
  readonly #outage: Outage;
  readonly #closing = new AbortController();
  /** The first failure since the last check. */
  #failure: unknown;
  #looking = false;
  #hasAnswered = false;

  /**
   * @param options.ping The health check.
   * @param options.ask Checks over a new connection, because one of the pool may have been ended.
   */
  constructor(options: {
    schema: string;
    ping: () => Promise<void>;
    ask: () => Promise<unknown>;
    log: Logger;
  }) {
    this.#schema = options.schema;
    this.#ping = options.ping;
    this.#ask = options.ask;
    this.#log = options.log;
    this.#outage = new Outage(options.log);
  }

  /** Reports a call or a connection that failed because the database was not available. */
  failed(error: unknown): void {
    this.#failure ??= error;
    if (!this.#looking && !this.#closing.signal.aborted) void this.#look();
  }

  /** Runs a health check. One that times out is logged elsewhere. */
  async ping(): Promise<void> {
    try {
      await this.#ping();
      this.#hasAnswered = true;
      this.#answers();
    } catch (error) {
      if (this.#hasAnswered) this.failed(error);
      throw error;
    }
  }

  /** Stops checking and logging. */
  close(): void {
    this.#closing.abort();
    this.#outage.close();
  }

  /** Checks until it answers and nothing has failed for a second. */
  async #look(): Promise<void> {
    const { signal } = this.#closing;
    this.#looking = true;
    while (!signal.aborted && (this.#failure !== undefined || this.#outage.away)) {
      await this.#judge(signal);
      await delay(everyMs, undefined, { ref: false, signal }).catch(() => {}); // ended early by close()
    }
    this.#looking = false;
  }

  async #judge(signal: AbortSignal): Promise<void> {
    const schema = this.#schema;
    const failure = this.#failure;
    this.#failure = undefined;
    try {
      await this.#ask();
      if (this.#outage.away) this.#answers();
      else if (!signal.aborted)
        this.#log.warn(
          { schema, reason: describeDatabaseError(failure) },
          'the database answers, but connections were lost or queries failed',
        );
    } catch (error) {
      const message =
        'the database does not answer: calls are refused until it does; start it, or check DATABASE_URL';
      if (!signal.aborted) this.#outage.begin({ schema, reason: describeDatabaseError(error) }, message);
    }
  }

  #answers(): void {
    this.#outage.end({ schema: this.#schema }, 'the database answers again');
  }
}
