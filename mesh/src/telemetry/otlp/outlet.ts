import type { Dispatcher } from 'undici';
import { describeError } from '../describe-error.ts';
import { counter } from '../metrics.ts';
import { Outage, type OutageLogger } from '../outage.ts';
import { scopes } from '../scope.ts';
import { post, sendEveryMs } from './post.ts';
import { fullMessageBytes, ProtobufWriter } from './protobuf-writer.ts';
import { requestBody } from './request-body.ts';

const dropped = counter({
  name: 'mesh_telemetry_dropped_total',
  help: 'Spans (traces) and log lines (logs) that were not sent, by signal and reason: queue-full, or not-taken by the receiver',
  labels: ['signal', 'reason'],
});

/** Most spans, and most log lines, that wait to be sent. */
const longestQueue = 2048;

/** Most that one request carries. */
const mostOfRequest = 512;

/**
 * Items that are written together. If few calls are traced, the code that writes is no longer in the caches of the
 * processor when the next span ends: one alone takes about three times as long.
 */
const writtenTogether = 32;

/** Longest time for one request, with retries, in milliseconds. */
const requestTimeoutMs = 5000;

/** Longest time for sending what is left at the end, in milliseconds. */
const lastFlushMs = 3000;

export interface OutletOptions {
  readonly signal: 'traces' | 'logs';
  /** Receiver of OTLP over HTTP, such as `http://localhost:4318`. */
  readonly endpoint: string;
  /** Of the next request. */
  readonly headers: () => Readonly<Record<string, string>>;
  /** The encoded `Resource` of all that is sent. */
  readonly resource: Uint8Array;
  /** Sends the requests; read for each. @default undici's own */
  readonly via?: (() => Dispatcher) | undefined;
  readonly log: OutageLogger;
}

type Batch = Readonly<{ body: Buffer; count: number }>;

/**
 * The way out for one signal. Bounds what waits, nearly all of it encoded already, sends one request after another, counts what
 * is dropped, and logs once while the receiver fails.
 */
export class Outlet {
  readonly #options: OutletOptions;
  readonly #url: string;
  readonly #outage: Outage;
  /** What comes after the complete batches. */
  readonly #items = new ProtobufWriter();
  #count = 0;
  /** What is not encoded yet. */
  readonly #unwritten: ((to: ProtobufWriter) => void)[] = [];
  readonly #complete: Batch[] = [];
  #waiting = 0;
  /** Whether what is there is sent without waiting for more. */
  #due = false;
  #timer: NodeJS.Timeout | undefined;
  #sending: Promise<void> | undefined;
  #request: AbortController | undefined;
  #mode: 'open' | 'closing' | 'late' = 'open';

  constructor(options: OutletOptions) {
    const { endpoint, signal, log } = options;
    this.#options = options;
    this.#url = `${endpoint.replace(/\/$/, '')}/v1/${signal}`;
    this.#outage = new Outage(log);
  }

  /** Adds a span or a log record, if the queue has room. */
  add(write: (to: ProtobufWriter) => void): void {
    if (this.#mode !== 'open') return;
    if (this.#waiting >= longestQueue) {
      this.#drop('queue-full', 1);
      return;
    }
    this.#waiting += 1;
    this.#unwritten.push(write);
    if (this.#unwritten.length === writtenTogether) {
      this.#writeAll();
      if (this.#complete.length > 0) scopes.exit(() => void this.#send());
    }
    if (!this.#timer) this.#startTimer();
  }

  /** Sends what is left, for up to 3 s. */
  async close(): Promise<void> {
    this.#mode = 'closing';
    clearTimeout(this.#timer);
    const late = setTimeout(() => {
      this.#mode = 'late';
      this.#request?.abort(new Error('the process ended'));
    }, lastFlushMs);
    this.#due = true;
    await this.#send();
    clearTimeout(late);
    this.#outage.close();
  }

  /** The scope of a call must not be kept by it. */
  #startTimer(): void {
    scopes.exit(() => {
      this.#timer = setTimeout(() => {
        this.#timer = undefined;
        this.#due = true;
        void this.#send();
      }, sendEveryMs).unref();
    });
  }

  #writeAll(): void {
    for (const write of this.#unwritten.splice(0)) {
      write(this.#items);
      this.#count += 1;
      if (this.#count === mostOfRequest || this.#items.length >= fullMessageBytes) this.#completeBatch();
    }
  }

  #completeBatch(): void {
    this.#due = false;
    if (this.#count === 0) return;
    const body = requestBody(this.#options.resource, this.#items.take());
    this.#complete.push({ body, count: this.#count });
    this.#count = 0;
  }

  #next(): Batch | undefined {
    if (this.#complete.length === 0 && this.#due) {
      this.#writeAll();
      this.#completeBatch();
    }
    const batch = this.#complete.shift();
    if (batch) this.#waiting -= batch.count;
    return batch;
  }

  #send(): Promise<void> | undefined {
    if (this.#sending) return this.#sending;
    const first = this.#next();
    if (first) this.#sending = this.#sendFrom(first);
    return this.#sending;
  }

  async #sendFrom(first: Batch): Promise<void> {
    for (let batch: Batch | undefined = first; batch; batch = this.#next()) await this.#deliver(batch);
    this.#sending = undefined;
  }

  async #deliver({ body, count }: Batch): Promise<void> {
    const { signal, endpoint, headers, via } = this.#options;
    const request = new AbortController();
    this.#request = request;
    const timer = setTimeout(
      () => request.abort(new Error(`no answer within ${requestTimeoutMs} ms`)),
      requestTimeoutMs,
    );
    try {
      if (this.#mode === 'late') throw new Error('the process ended');
      // While the receiver is away, the next batch is the next attempt.
      const retry = !this.#outage.away;
      await post({
        url: this.#url,
        headers: { ...headers(), 'content-type': 'application/x-protobuf' },
        body,
        signal: request.signal,
        dispatcher: via?.(),
        retry,
      });
      this.#outage.end({ signal, endpoint }, `${signal} are sent again`);
    } catch (thrown) {
      this.#drop('not-taken', count);
      this.#outage.begin(
        { signal, endpoint, reason: describeError(thrown) },
        `${signal} cannot be sent and are dropped until the receiver takes them`,
      );
    } finally {
      clearTimeout(timer);
    }
  }

  #drop(reason: 'queue-full' | 'not-taken', count: number): void {
    dropped.inc({ signal: this.#options.signal, reason }, count);
  }
}
