import type { SteadyClock } from '../../clock/index.ts';
import { describeError, Outage, type Logger } from '../../telemetry/index.ts';

/** Interval after a successful fetch, in milliseconds. */
const refreshEveryMs = 5 * 60_000;

/** Interval after a failed fetch, in milliseconds. */
const retryEveryMs = 5000;

/** Shortest interval of fetches for unknown ids, in milliseconds: invented ids must not cause traffic. */
const askAgainAfterMs = 10_000;

export interface KeyRefreshOptions {
  /** Fetches the keys and puts them in force. @returns The URL that answered. */
  fetch: () => Promise<string>;
  /** The URLs that are asked, for the log. */
  from: () => string;
  /** After a jump of its wall clock the keys are fetched again. */
  clock: SteadyClock;
  log: Logger;
}

/** Fetches keys at once, then every five minutes, every five seconds after a failure, and when a token has an unknown one. */
export class KeyRefresh {
  readonly #options: KeyRefreshOptions;
  readonly #outage: Outage;
  readonly #endJumps: () => void;
  /** End of the last fetch for an unknown id. Other fetches do not count: after one of those, an id must not wait. */
  #unknownAskedAt = -Infinity;
  #asking: Promise<void> | undefined;
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(options: KeyRefreshOptions) {
    this.#options = options;
    this.#outage = new Outage(options.log);
    this.#endJumps = options.clock.onJump(() => void this.refresh());
    void this.refresh();
  }

  /** Whether the last fetch failed. */
  get away(): boolean {
    return this.#outage.away;
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** The fetch in progress. */
  get asking(): Promise<void> | undefined {
    return this.#asking;
  }

  /** Fetches the keys now, or joins the fetch in progress; never rejects. */
  refresh(): Promise<void> {
    this.#asking ??= this.#ask().finally(() => {
      this.#asking = undefined;
      clearTimeout(this.#timer);
      if (this.#closed) return;
      const waitMs = this.#outage.away ? retryEveryMs : refreshEveryMs;
      this.#timer = setTimeout(() => void this.refresh(), waitMs).unref();
    });
    return this.#asking;
  }

  /** Fetches the keys because one is unknown, at most once in ten seconds; never rejects. */
  async refreshForUnknown(): Promise<void> {
    if (this.#asking === undefined && performance.now() - this.#unknownAskedAt < askAgainAfterMs) return;
    await this.refresh();
    this.#unknownAskedAt = performance.now();
  }

  close(): void {
    this.#closed = true;
    this.#endJumps();
    clearTimeout(this.#timer);
    this.#outage.close();
  }

  async #ask(): Promise<void> {
    try {
      const url = await this.#options.fetch();
      this.#outage.end({ url }, 'the public keys can be fetched again');
    } catch (error) {
      const reasons = error instanceof AggregateError ? error.errors : [error];
      const fields = { url: this.#options.from(), reason: reasons.map(describeError).join('; ') };
      this.#outage.begin(fields, 'could not fetch the public keys; known keys stay in force');
    }
  }
}
