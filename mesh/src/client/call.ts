import { retry, type FailedAttempt } from '../resilience/index.ts';
import { currentScope, tracing } from '../telemetry/index.ts';
import { boundRetryAfter, header, sampledTraceId } from '../wire/index.ts';
import {
  goneError,
  InDoubtError,
  isCallError,
  localError,
  noUserError,
  toCallError,
  type CallError,
} from './call-error.ts';
import { CallSpan } from './call-span.ts';
import type { Connection } from './connection.ts';
import type { Endpoint } from './endpoints/endpoint.ts';
import { logFailure } from './failure-log.ts';
import { Gone } from './gone.ts';
import { headersOf, type InterceptedOptions } from './request.ts';
import { Attempt, type AttemptOptions } from './attempt.ts';
import { hedged } from './hedged.ts';
import type { Target } from './target.ts';
import { notReached } from './transports/transport.ts';
import { mayBeMadeAgain, mayHaveRun } from './verdict.ts';

/**
 * Calls a query or a mutation, with a deadline for the call, a timeout for each attempt, retries where they are safe,
 * and a log line for each failure. A call by a handler inherits the handler's deadline, signal, trace and request id.
 *
 * @throws CallError
 */
export function call(
  connection: Connection,
  target: Target,
  input: unknown,
  options: InterceptedOptions,
): Promise<unknown> {
  return new Call(connection, target, { input, ...options }).run();
}

const nowhere: readonly Endpoint[] = [];

/** One call: the state that its attempts share. */
class Call {
  readonly #connection: Connection;
  readonly #target: Target;
  readonly #input: unknown;
  readonly #headers: Record<string, string>;
  /** Instead of the client's. */
  readonly #authorization: string | undefined;
  readonly #startedAt: number;
  /** On the clock of `performance.now()`, in milliseconds. */
  readonly #deadline: number;
  /** Fires when the caller gives up. */
  readonly #gone: Gone;
  readonly #repeated: boolean;
  /** Set if its trace is recorded. */
  readonly #span: CallSpan | undefined;
  #attempts = 0;
  #attempt: Attempt | undefined;
  /** Endpoints of failed attempts. */
  #failedAt: readonly Endpoint[] = nowhere;
  /** Whether a mutation may have been executed. */
  #inDoubt = false;

  constructor(connection: Connection, target: Target, options: InterceptedOptions & { input: unknown }) {
    const scope = currentScope();
    this.#startedAt = connection.clock.read();
    // The deadline covers at least one attempt.
    const usualMs = Math.max(connection.deadlineMs, target.procedure.timeoutMs ?? 0);
    const own = this.#startedAt + (options.deadlineMs ?? usualMs);
    const signals = [connection.closed, options.signal, options.cancellation, scope?.signal].filter(
      (signal) => signal !== undefined,
    );
    this.#connection = connection;
    this.#target = target;
    this.#input = options.input;
    this.#headers = headersOf(options, target);
    this.#authorization = options.authorization;
    const { tracer } = tracing;
    if (tracer?.records(scope?.trace, this.#headers[header.requestId] ?? ''))
      this.#span = new CallSpan(tracer, target.name, scope?.trace);
    this.#repeated = options.repeated ?? false;
    this.#deadline = scope ? Math.min(own, scope.deadline) : own;
    this.#gone = new Gone(signals);
  }

  async run(): Promise<unknown> {
    const { retryBudget, endpoints } = this.#connection;
    if (this.#target.needsUser && this.#headers[header.userToken] === undefined) throw this.#withoutUser();
    const fresh = endpoints.fresh();
    if (fresh) {
      await fresh;
      this.#connection.clock.read();
    }
    try {
      this.#gone.throwIfAborted();
      retryBudget.onCall();
      let data: unknown;
      try {
        data = await this.#try(1);
      } catch (thrown) {
        data = await this.#retry(thrown);
      }
      this.#ended('OK');
      return data;
    } catch (thrown) {
      throw this.#failed(thrown);
    }
  }

  /** @param thrown Error of the first attempt. */
  #retry(thrown: unknown): Promise<unknown> {
    const { retryPolicy, retryBudget, endpoints } = this.#connection;
    return retry(thrown, (number) => this.#try(number), {
      policy: this.#repeated ? { ...retryPolicy, attempts: 0 } : retryPolicy,
      // An open breaker sent nothing: the next attempt is the first that the target sees of this one.
      budget: { tryRetry: () => this.#attempt?.endpoint === undefined || retryBudget.tryRetry() },
      signal: this.#gone,
      deadline: this.#deadline,
      isRetryable: (error) => mayBeMadeAgain(error, this.#target.procedure),
      retryAfterMs,
      expectedMs: () => endpoints.expectedMs,
      onFailure: (failure) => this.#onFailure(failure),
    });
  }

  #try(number: number): Promise<unknown> {
    this.#attempts = number;
    const { path, procedure } = this.#target;
    const limitMs = procedure.timeoutMs ?? this.#connection.timeoutMs;
    const { clock } = this.#connection;
    // The first attempt starts at once.
    const now = number === 1 ? clock.latest : clock.read();
    const timeoutMs = Math.min(limitMs, this.#deadline - now);
    if (timeoutMs <= 0) {
      const message = 'The deadline passed before this attempt was sent';
      return Promise.reject(localError('TIMEOUT', message, { cause: notReached(message) }));
    }
    const message = {
      path,
      kind: procedure.kind === 'query' ? ('query' as const) : ('mutation' as const),
      input: this.#input,
      authorization: this.#authorization ?? this.#connection.authorization(),
      headers: this.#headers,
    };
    const hurried = timeoutMs < limitMs / 2;
    const attempt = this.#attemptOf({ message, timeoutMs, hurried, hedge: false }, this.#failedAt);
    const { hedge } = this.#target;
    if (!hedge) return attempt.run();
    return hedged(attempt, {
      hedge,
      clock,
      another: () => {
        const { endpoints } = this.#connection;
        // At another endpoint, if there is one: the next call to a slow one may be slow too.
        const tried = [
          ...this.#failedAt,
          ...(attempt.endpoint && endpoints.size > 1 ? [attempt.endpoint] : []),
        ];
        const leftMs = now + timeoutMs - clock.latest;
        return endpoints.anyUsable(tried)
          ? this.#attemptOf({ message, timeoutMs: leftMs, hurried, hedge: true }, tried)
          : undefined;
      },
      decide: (decision, { endpoint }) =>
        endpoint && this.#connection.decide({ decision, procedure: path, endpoint: endpoint.name }),
    });
  }

  #attemptOf(
    options: Pick<AttemptOptions, 'message' | 'timeoutMs' | 'hurried' | 'hedge'>,
    failedAt: readonly Endpoint[],
  ): Attempt {
    const connection = this.#connection;
    const target = this.#target;
    this.#attempt = new Attempt({
      ...options,
      connection,
      target,
      gone: this.#gone,
      failedAt,
      number: this.#attempts,
      span: this.#span,
    });
    return this.#attempt;
  }

  #onFailure(failure: FailedAttempt): void {
    const { error, reason, retryInMs } = failure;
    const { path: procedure } = this.#target;
    this.#consider();
    const endpoint = this.#attempt?.endpoint;
    if (endpoint) this.#failedAt = [...this.#failedAt, endpoint];
    if (isCallError(error)) {
      if (reason) this.#connection.decide({ decision: 'no-retry', reason, procedure });
      else {
        this.#span?.wait(error.data.code, retryInMs ?? 0);
        this.#connection.decide({
          decision: 'retry',
          reason: error.data.code,
          procedure,
          waitMs: retryInMs ?? 0,
        });
      }
    }
    this.#log(failure);
  }

  #withoutUser(): CallError {
    const error = noUserError(this.#connection.target, this.#target);
    this.#log({ error, attempt: 1, retryInMs: undefined });
    return this.#failed(error);
  }

  /** Ends the call with an error. */
  #failed(thrown: unknown): CallError {
    const { path, procedure } = this.#target;
    const gone = this.#gone.aborted;
    // The signals may outlive a wait that was cut short.
    this.#gone.removeEventListener();
    if (gone) this.#consider();
    const error = gone ? goneError(this.#gone.reason, thrown) : toCallError(thrown);
    const { code } = error.data;
    this.#ended(code);
    if (code === 'TIMEOUT' && this.#connection.clock.read() >= this.#deadline)
      this.#connection.decide({ decision: 'deadline-passed', procedure: path });
    // A deadline is a failure, unlike a cancellation, and `retry` does not report it.
    if (gone && code === 'TIMEOUT') this.#log({ error, attempt: this.#attempts, retryInMs: undefined });
    error.meta = { target: this.#connection.target, procedure: path };
    if (!this.#inDoubt || procedure.kind !== 'mutation') return error;
    this.#connection.decide({ decision: 'in-doubt', reason: code, procedure: path });
    return new InDoubtError(error, this.#headers[header.idempotencyKey]);
  }

  /**
   * Updates the doubt after an attempt. Doubt stays, because a later refusal says nothing about an earlier attempt.
   * The exception is a typed error under an idempotency key: no attempt was executed.
   */
  #consider(): void {
    const error = this.#attempt?.error;
    if (!error) return;
    if (error.data.error && this.#target.procedure.idempotent === 'by-key') this.#inDoubt = false;
    else this.#inDoubt ||= mayHaveRun(error);
  }

  #log(failure: FailedAttempt): void {
    logFailure(failure, {
      connection: this.#connection,
      endpoint: this.#attempt?.endpoint,
      path: this.#target.path,
      headers: this.#headers,
      repeated: this.#repeated,
    });
  }

  #ended(code: string): void {
    this.#span?.end(code, { attempts: this.#attempts, requestId: this.#headers[header.requestId] });
    const durationMs = this.#connection.clock.latest - this.#startedAt;
    this.#target.meter.seconds(code).observe(durationMs / 1000, this.#traceId());
  }

  /** Of a sampled trace, also if this process records none. */
  #traceId(): string | undefined {
    if (this.#span) return this.#span.context.traceId;
    const traceparent = this.#headers[header.traceparent];
    return traceparent === undefined ? undefined : sampledTraceId(traceparent);
  }
}

/** Wait that a server requests, in milliseconds; validated, as it comes from a body. */
function retryAfterMs(error: Error): number | undefined {
  const asked: unknown = isCallError(error) ? error.data.retryAfterMs : undefined;
  return typeof asked === 'number' && asked > 0 ? boundRetryAfter(asked) : undefined;
}
