import { setTimeout as delay } from 'node:timers/promises';
import { backoffMs, type RetryPolicy } from '../../resilience/index.ts';
import { header, parseRetryAfter } from '../../wire/index.ts';
import { Outage } from '../../telemetry/index.ts';
import type { Connection } from '../connection.ts';

/** The longest wait between two tries, in milliseconds, before jitter. */
const longestMs = 30_000;

/** What a subscription has in common with the calls of its client. */
export type Subscriber = Pick<
  Connection,
  'authorization' | 'target' | 'as' | 'retryPolicy' | 'timeoutMs' | 'log'
>;

/** One request that is to become a stream of events. */
export interface Opening {
  /** Asked anew for each request. */
  readonly url: () => URL;
  /** Asked anew for each request. */
  readonly headers: () => Record<string, string>;
  readonly init: Omit<RequestInit, 'headers' | 'signal'>;
  /** Ends it all. */
  readonly signal: AbortSignal | undefined;
}

/** Connects one subscription, again and again while what fails may pass. */
export class Reconnection {
  readonly #subscriber: Subscriber;
  readonly #path: string;
  /** How what happens to it is said: by its caller, where it opens another one by itself. */
  readonly #outage: Outage;
  /** In a row. */
  #failures = 0;
  /** No request is made before, on the clock of `performance.now()`: whoever asks again in the meantime waits, too. */
  #notBefore = 0;
  #endpoint = '';

  /**
   * @param path The procedure.
   * @param repeated As of a call.
   */
  constructor(subscriber: Subscriber, path: string, repeated: boolean) {
    this.#subscriber = subscriber;
    this.#path = path;
    const { log } = subscriber;
    const debug = log.debug.bind(log);
    this.#outage = new Outage(repeated ? { debug, info: debug, warn: debug } : log);
  }

  /**
   * Requests until there is an answer that is final: a stream, or a refusal.
   * A network that fails, silence, 429 and 5xx may pass.
   *
   * @throws What the signal was fired with.
   */
  async open(opening: Opening): Promise<Response> {
    const { signal } = opening;
    for (;;) {
      const waitMs = this.#notBefore - performance.now();
      if (waitMs > 0) await delay(waitMs, undefined, { signal });
      try {
        const url = opening.url();
        this.#endpoint = `${url.origin}${url.pathname}`;
        const response = await this.#request(url, opening);
        if (!mayPass(response.status)) return response;
        // Or its connection would not be used again.
        void response.body?.cancel().catch(() => {});
        const asked = parseRetryAfter(response.headers.get(header.retryAfter) ?? undefined);
        this.#failed(`it was answered with HTTP ${response.status}`, asked);
      } catch (error) {
        signal?.throwIfAborted();
        this.#failed(reasonOf(error));
      }
    }
  }

  /** The stream has begun: the server has sent its first event. */
  delivers(): void {
    if (this.#failures === 0) return;
    const { target } = this.#subscriber;
    this.#outage.end({ target, endpoint: this.#endpoint }, `a subscription to ${target} is back`);
    this.#failures = 0;
  }

  async #request(url: URL, { init, headers, signal }: Opening): Promise<Response> {
    const { timeoutMs } = this.#subscriber;
    const silence = new AbortController();
    const timer = setTimeout(() => silence.abort(new Error(`no answer within ${timeoutMs} ms`)), timeoutMs);
    try {
      const until = AbortSignal.any([silence.signal, ...(signal ? [signal] : [])]);
      return await fetch(url, { ...init, headers: headers(), signal: until });
    } finally {
      clearTimeout(timer);
    }
  }

  /** Said once for each outage. @param askedMs The wait that was asked for, in milliseconds. */
  #failed(reason: string, askedMs = 0): void {
    const { target, as, retryPolicy } = this.#subscriber;
    const waitMs = waitAfter(this.#failures, retryPolicy, { askedMs, chance: Math.random() });
    this.#notBefore = performance.now() + waitMs;
    this.#failures += 1;
    if (this.#failures > 1) return;
    const context = { caller: as, target, procedure: this.#path, retry_in_ms: waitMs };
    const fields = { endpoint: this.#endpoint, error: reason, timestamp: new Date().toISOString(), context };
    this.#outage.begin(fields, `a subscription to ${target} failed; reconnecting until it is back`);
  }
}

/**
 * The wait after a failure, in milliseconds: as for a call, but that it is
 * tried for ever. One that was asked for is only ever lengthened: it is the
 * same for all callers.
 *
 * @param before So many failures in a row came before it.
 * @param options.askedMs The wait that was asked for, in milliseconds.
 * @param options.chance 0 to 1.
 */
export function waitAfter(
  before: number,
  { baseMs, jitter }: Pick<RetryPolicy, 'baseMs' | 'jitter'>,
  { askedMs, chance }: { askedMs: number; chance: number },
): number {
  const ownMs = backoffMs(before + 1, { baseMs, maxMs: longestMs, jitter }, chance);
  return Math.round(Math.max(ownMs, askedMs * (1 + jitter * chance)));
}

function mayPass(status: number): boolean {
  return status === 429 || status >= 500;
}

/** `fetch` says what failed in the cause. */
function reasonOf(error: unknown): string {
  const { cause } = error as { cause?: unknown };
  return cause instanceof Error && cause.message !== '' ? cause.message : String(error);
}
