import { backoffMs, within, type RetryPolicy } from '../../resilience/index.ts';
import { header, parseContractHash, parseRetryAfter } from '../../wire/index.ts';
import { Outage, type Span } from '../../telemetry/index.ts';
import { isCallError, type CallError } from '../call-error.ts';
import type { Connection } from '../connection.ts';

export type Subscriber = Pick<
  Connection,
  'authorization' | 'fetch' | 'basePath' | 'target' | 'as' | 'retryPolicy' | 'timeoutMs' | 'log' | 'skew'
>;

type Subscribing = Readonly<{ path: string; input: unknown; context: Record<string, unknown> }>;

/** Request for a stream of events. */
export interface Opening {
  /** URL of an endpoint, called for each request. @throws CallError if the subscription fits none */
  readonly endpoint: () => string;
  /** Of the procedure, below the path of all procedures; with the query. */
  readonly path: string;
  /** Called for each request. */
  readonly headers: () => Promise<Record<string, string>>;
  readonly init: Omit<RequestInit, 'headers' | 'signal'>;
  /** Ends the subscription. */
  readonly signal: AbortSignal | undefined;
}

/** Connects one subscription, and reconnects after temporary failures. */
export class Reconnection {
  /** The span of the opening, until the subscription is open. */
  opening: Span | undefined;
  readonly #subscriber: Subscriber;
  readonly #op: Subscribing;
  readonly #onRefused: (error: CallError) => void;
  readonly #outage: Outage;
  /** Consecutive failures. */
  #failures = 0;
  /** Earliest time of the next request, on the clock of `performance.now()`. */
  #notBefore = 0;
  #endpoint = '';

  /**
   * @param op `repeated` of its context is as in `CallOptions`.
   * @param onRefused Called if the subscription does not fit the contract of the server.
   */
  constructor(subscriber: Subscriber, op: Subscribing, onRefused: (error: CallError) => void) {
    this.#subscriber = subscriber;
    this.#op = op;
    this.#onRefused = onRefused;
    const { log } = subscriber;
    const debug = log.debug.bind(log);
    this.#outage = new Outage(op.context['repeated'] === true ? { debug, info: debug, warn: debug } : log);
  }

  /**
   * Repeats the request until a final answer: a stream or a refusal. Network errors, timeouts, 429 and 5xx are
   * temporary.
   *
   * @throws The reason of the signal.
   */
  async open(opening: Opening): Promise<Response> {
    const { signal } = opening;
    for (;;) {
      const waitMs = this.#notBefore - performance.now();
      if (waitMs > 0) await within(never, { ms: waitMs, signal, onLate: () => undefined });
      try {
        const endpoint = opening.endpoint();
        const url = new URL(`${endpoint}${this.#subscriber.basePath}${opening.path}`);
        this.#endpoint = `${url.origin}${url.pathname}`;
        const response = await this.#request(url, opening);
        if (!mayPass(response.status)) {
          await this.#mustFit(response, endpoint);
          return response;
        }
        // Frees the connection.
        void response.body?.cancel().catch(() => {});
        const asked = parseRetryAfter(response.headers.get(header.retryAfter) ?? undefined);
        this.#failed(`it was answered with HTTP ${response.status}`, asked);
      } catch (error) {
        signal?.throwIfAborted();
        if (isCallError(error)) {
          this.#onRefused(error);
          // After 204, an EventSource does not reconnect.
          return new Response(null, { status: 204 });
        }
        this.#failed(reasonOf(error));
      }
    }
  }

  /** Call on the first event of a stream: ends the outage. */
  delivers(): void {
    this.opened();
    if (this.#failures === 0) return;
    const { target } = this.#subscriber;
    this.#outage.end({ target, endpoint: this.#endpoint }, `a subscription to ${target} is back`);
    this.#failures = 0;
  }

  /** Ends the span of the opening. @param failure Code of the error. @default it is open */
  opened(failure?: string): void {
    this.opening?.end(failure);
    this.opening = undefined;
  }

  /**
   * Compares the contract of the process that has answered, before its events are read.
   *
   * @throws CallError CONTRACT_MISMATCH
   */
  async #mustFit({ headers, body }: Response, url: string): Promise<void> {
    const { skew } = this.#subscriber;
    const theirs = parseContractHash(headers.get(header.contract));
    if (!skew || theirs === undefined) return;
    await skew.heard(theirs, { url, ip: undefined });
    const mismatch = skew.mismatch(theirs, this.#op);
    if (!mismatch) return;
    void body?.cancel().catch(() => {});
    throw skew.error(this.#op.path, mismatch);
  }

  async #request(url: URL, { init, headers, signal }: Opening): Promise<Response> {
    const { fetch, timeoutMs, skew } = this.#subscriber;
    const question = skew?.question;
    const unfit = skew?.unfit(this.#op);
    const asking = {
      ...(question !== undefined && { [header.contract]: question }),
      ...(unfit !== undefined && { [header.contractUnless]: unfit }),
    };
    const silence = new AbortController();
    const timer = setTimeout(() => silence.abort(new Error(`no answer within ${timeoutMs} ms`)), timeoutMs);
    try {
      const until = AbortSignal.any([silence.signal, ...(signal ? [signal] : [])]);
      return await fetch(url, { ...init, headers: { ...(await headers()), ...asking }, signal: until });
    } finally {
      clearTimeout(timer);
    }
  }

  /** Logs the start of an outage once. @param askedMs `Retry-After`, in milliseconds. */
  #failed(reason: string, askedMs = 0): void {
    const { target, as, retryPolicy } = this.#subscriber;
    const waitMs = waitAfter(this.#failures, retryPolicy, { askedMs, chance: Math.random() });
    this.#notBefore = performance.now() + waitMs;
    this.#failures += 1;
    if (this.#failures > 1) return;
    const context = { caller: as, target, procedure: this.#op.path, retry_in_ms: waitMs };
    const fields = { endpoint: this.#endpoint, error: reason, timestamp: new Date().toISOString(), context };
    this.#outage.begin(fields, `a subscription to ${target} failed; reconnecting until it is back`);
  }
}

/** Longest wait before jitter, in milliseconds. */
const longestWaitMs = 30_000;

/**
 * Wait after a failure, in milliseconds. Jitter only lengthens a wait that the server requests, because all its
 * callers get the same one.
 *
 * @param before Consecutive failures before this one.
 * @param options.askedMs `Retry-After`, in milliseconds.
 * @param options.chance Random number from 0 to 1.
 */
export function waitAfter(
  before: number,
  { baseMs, jitter }: Pick<RetryPolicy, 'baseMs' | 'jitter'>,
  { askedMs, chance }: { askedMs: number; chance: number },
): number {
  const ownMs = backoffMs(before + 1, { baseMs, maxMs: longestWaitMs, jitter }, chance);
  return Math.round(Math.max(ownMs, askedMs * (1 + jitter * chance)));
}

const never = () => new Promise<never>(() => {});

function mayPass(status: number): boolean {
  return status === 429 || status >= 500;
}

/** `fetch` names the failure in the cause. */
function reasonOf(error: unknown): string {
  const { cause } = error as { cause?: unknown };
  return cause instanceof Error && cause.message !== '' ? cause.message : String(error);
}
