import { setTimeout as delay } from 'node:timers/promises';

import { Outage } from '@arcadium/mesh/telemetry';

import type { Logger } from '../logger.ts';
import { describeDatabaseError } from './database-errors.ts';

/** How often it is asked whether it answers, while something is wrong, in milliseconds. */
const everyMs = 1000;

/**
 * Whether the database answers. What fails because of it, a call or a
 * connection, is told to this, which asks it and says what there is to say:
 * one line when it is gone, one when it is back, and at most one a second for
 * what fails while it answers, as where one connection was ended.
 */
export class Availability {
  readonly #schema: string;
  readonly #ping: () => Promise<void>;
  readonly #ask: () => Promise<unknown>;
  readonly #log: Logger;
  readonly #outage: Outage;
  readonly #closing = new AbortController();
  /** What failed first since the database was asked last. */
  #failure: unknown;
  #looking = false;
  #hasAnswered = false;

  /**
   * @param options.ping Asks the database for a health check.
   * @param options.ask Asks it over a new connection: one of the pool may have been ended.
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

  /** Tells of a call or a connection that failed because the database was not there for it. */
  failed(error: unknown): void {
    this.#failure ??= error;
    if (!this.#looking && !this.#closing.signal.aborted) void this.#look();
  }

  /** Asks it for a health check. One that has not answered yet is still waited for, which is said elsewhere. */
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

  /** Says no more of it. */
  close(): void {
    this.#closing.abort();
    this.#outage.close();
  }

  /** Asks it until it answers and nothing has failed for a second. */
  async #look(): Promise<void> {
    const { signal } = this.#closing;
    this.#looking = true;
    while (!signal.aborted && (this.#failure !== undefined || this.#outage.away)) {
      await this.#judge(signal);
      await delay(everyMs, undefined, { ref: false, signal }).catch(() => {}); // cut short by close()
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
