import { timeouts, type Permit, type Timeout } from '../resilience/index.ts';
import { decisions, tell, type Span } from '../telemetry/index.ts';
import { formatTimeout, header, type ErrorCode } from '../wire/index.ts';
import { goneError, isCallError, localError, toCallError, type CallError } from './call-error.ts';
import { endAttempt, endOutrun, inTrace, type AttemptCause, type CallSpan } from './call-span.ts';
import { Request } from './request.ts';
import type { Target } from './target.ts';
import type { Connection } from './connection.ts';
import type { Choice } from './endpoints/endpoints.ts';
import type { Endpoint } from './endpoints/endpoint.ts';
import type { Gone } from './gone.ts';
import type { Skew } from './skew/skew.ts';
import { unfitEndpoints } from './skew/unfit.ts';
import { notReached, TransportError, type Answer, type TransportName } from './transports/transport.ts';
import { didNothing, foundNobody } from './verdict.ts';

export interface AttemptOptions {
  readonly connection: Connection;
  readonly target: Target;
  readonly message: Pick<Request, 'path' | 'kind' | 'input' | 'authorization'> & {
    readonly headers: Record<string, string>;
  };
  /** In milliseconds. */
  readonly timeoutMs: number;
  /** Whether the caller allows much less than the timeout of the procedure. */
  readonly hurried: boolean;
  /** Fires when the caller gives up. */
  readonly gone: Gone;
  /** Endpoints of earlier failed attempts, avoided if there are others. */
  readonly failedAt: readonly Endpoint[];
  /** Which attempt of the call, from 1. */
  readonly number: number;
  /** Whether another attempt is pending. */
  readonly hedge: boolean;
  /** The span of the call, if it is traced. */
  readonly span: CallSpan | undefined;
}

class RoutedRequest extends Request {
  readonly endpoint: Endpoint;
  readonly permit: Permit;
  readonly span: Span | undefined;
  readonly #skew: Skew | undefined;

  constructor(
    message: AttemptOptions['message'],
    {
      choice: { endpoint, permit },
      span,
      now,
      skew,
    }: { choice: Choice; span: Span | undefined; now: number; skew: Skew | undefined },
  ) {
    super(span ? inTrace(message, span.context) : message, now);
    this.endpoint = endpoint;
    this.permit = permit;
    this.span = span;
    this.#skew = skew;
  }

  override mustFit(contract: string | undefined): void {
    const skew = this.#skew;
    const mismatch = skew?.mismatch(contract, this);
    if (skew && mismatch) throw skew.error(this.path, mismatch);
  }

  override unfit(): string | undefined {
    return this.#skew?.unfit(this);
  }
}

const none: readonly never[] = [];

/**
 * One attempt. Sends the message to an endpoint, and at once to another if the first certainly did not execute it.
 */
export class Attempt {
  /** Endpoint that it was last sent to. */
  endpoint: Endpoint | undefined;
  error: CallError | undefined;
  readonly #options: AttemptOptions;
  #resolve!: (data: unknown) => void;
  #reject!: (error: CallError) => void;
  /** On the clock of `performance.now()`, in milliseconds. */
  #endsAt = 0;
  #timeout: Timeout | undefined;
  #request: RoutedRequest | undefined;
  /** Endpoints to avoid. */
  #tried: readonly Endpoint[];

  constructor(options: AttemptOptions) {
    this.#options = options;
    const { failedAt, connection } = options;
    this.#tried = failedAt.length < connection.endpoints.size ? failedAt : none;
  }

  /** @throws CallError */
  run(): Promise<unknown> {
    return new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
      const { connection, gone, timeoutMs } = this.#options;
      this.#endsAt = connection.clock.latest + timeoutMs;
      this.#timeout = timeouts.start(timeoutMs, () => this.#giveUp(this.#timeoutError()));
      gone.addEventListener('abort', () => this.#giveUp(goneError(gone.reason, this.#silence())));
      try {
        if (connection.skew?.found) this.#leaveOut();
        this.#send();
      } catch (error) {
        this.#fail(toCallError(error));
      }
    });
  }

  /** Leaves out the endpoints whose contract the call does not fit. @throws CallError if it fits none */
  #leaveOut(): void {
    const { connection, message } = this.#options;
    const refusing = unfitEndpoints(connection, message);
    const left = [...new Set([...this.#tried, ...refusing])];
    this.#tried = left.length < connection.endpoints.size ? left : refusing;
  }

  /** Cancels it, because another attempt was faster; it never settles. */
  outrun(): void {
    const { connection, target } = this.#options;
    const request = this.#request;
    this.#settle();
    if (!request) return;
    request.endpoint.outrun(request.permit, connection.clock.latest - request.startedAt);
    target.meter.attempts('none')('CLIENT_CLOSED_REQUEST').inc();
    if (request.span) endOutrun(request.span);
    request.cancel();
  }

  /** Sends it to an endpoint that was not tried yet; fails if there is none. */
  #send(): void {
    const { connection, target } = this.#options;
    const choice = connection.endpoints.choose(this.#tried);
    if (choice) return this.#sendTo(choice);
    connection.decide({ decision: 'refused', reason: 'breaker', procedure: target.path });
    const waitMs = Math.round(connection.endpoints.retryAfterMs);
    const message = `${connection.target}: breaker open for ${waitMs} ms`;
    // An earlier retry would be refused too.
    this.#fail(
      localError('SERVICE_UNAVAILABLE', message, { cause: notReached(message), retryAfterMs: waitMs }),
    );
  }

  #sendTo(choice: Choice): void {
    const { message, connection } = this.#options;
    const now = connection.clock.latest;
    // Attempts run one after another, so they can share the headers.
    message.headers[header.timeoutMs] = formatTimeout(this.#endsAt - now);
    const span = this.#options.span?.attempt(choice.endpoint, this.#which());
    const request = new RoutedRequest(message, { choice, span, now, skew: connection.skew });
    this.#request = request;
    this.endpoint = request.endpoint;
    request.endpoint.begin();
    request.endpoint.transport.send(request).then(
      (answer) => this.#onAnswer(request, answer),
      (error: unknown) => {
        if (!request.cancelled) this.#onFailure(request, toCallError(error), 'none');
      },
    );
  }

  #which(): AttemptCause {
    const { number: attempt, hedge } = this.#options;
    if (this.endpoint) return { attempt, cause: 'failover' };
    return { attempt, cause: hedge ? 'hedge' : undefined };
  }

  #onAnswer(request: RoutedRequest, answer: Answer): void {
    if (request.cancelled) return;
    const { target } = this.#options;
    let data: unknown;
    try {
      data = this.#read(answer);
    } catch (error) {
      return this.#onFailure(request, unreadable(error), answer.via);
    }
    const durationMs = this.#options.connection.clock.read() - request.startedAt;
    request.endpoint.succeeded(request.permit, durationMs);
    target.meter.attempts(answer.via)('OK').inc();
    if (request.span) endAttempt(request.span, 'OK', answer.via);
    if (decisions.hasSubscribers) this.#tell(request, 'OK', durationMs);
    this.#settle();
    this.#resolve(data);
  }

  /**
   * Reads an answer. Checked by hand, because a schema would read all of it again on every call.
   *
   * @throws CallError
   */
  #read(answer: Answer): unknown {
    const { result } = (answer.body ?? {}) as { result?: { data?: unknown } | null };
    if (typeof result !== 'object' || result === null) throw this.#options.connection.readError(answer);
    const parsed = this.#options.target.procedure.output.safeParse(result.data);
    if (parsed.success) return parsed.data;
    const message = 'The answer does not match the contract';
    throw localError('INTERNAL_SERVER_ERROR', message, { cause: parsed.error });
  }

  #onFailure(request: RoutedRequest, error: CallError, via: TransportName | 'none'): void {
    const { connection, target } = this.#options;
    this.#end(request, error, via);
    if (via === 'none') connection.endpoints.refresh();
    this.#request = undefined;
    if (this.#mayGoElsewhere(request, error)) return this.#send();
    if (error.data.code === 'CONTRACT_MISMATCH')
      connection.decide({ decision: 'refused', reason: 'contract', procedure: target.path });
    this.#fail(error);
  }

  /**
   * Failover from an endpoint that was not reached is free while another looks healthy. Otherwise, and from an
   * overloaded endpoint, it costs a retry; calls would circulate without a limit.
   */
  #mayGoElsewhere({ endpoint }: RoutedRequest, error: CallError): boolean {
    const { connection, target } = this.#options;
    if (!didNothing(error) || error.data.retry === 'never') return false;
    this.#tried = [...this.#tried, endpoint];
    if (this.#tried.length >= connection.endpoints.size) return false;
    const isFree = foundNobody(error) || error.data.code === 'CONTRACT_MISMATCH';
    const free = isFree && connection.endpoints.anyUsable(this.#tried);
    if (!free && !connection.retryBudget.tryRetry()) return false;
    const { code } = error.data;
    connection.decide({
      decision: 'failover',
      reason: code,
      procedure: target.path,
      endpoint: endpoint.name,
    });
    return true;
  }

  #giveUp(error: CallError): void {
    const request = this.#request;
    if (request) this.#end(request, error, 'none');
    this.#fail(error);
    request?.cancel();
  }

  #end(request: RoutedRequest, error: CallError, via: TransportName | 'none'): void {
    const { code, retry } = error.data;
    const durationMs = this.#options.connection.clock.read() - request.startedAt;
    this.#options.target.meter.attempts(via)(code).inc();
    if (request.span) endAttempt(request.span, code, via);
    if (decisions.hasSubscribers) this.#tell(request, code, durationMs);
    request.endpoint.failed(request.permit, {
      code,
      answered: via !== 'none',
      refused: retry === 'safe',
      absent: foundNobody(error),
      hurried: this.#options.hurried,
      durationMs,
    });
  }

  #tell({ endpoint }: RoutedRequest, reason: ErrorCode | 'OK', durationMs: number): void {
    const { connection, target } = this.#options;
    tell({
      side: 'client',
      target: connection.target,
      decision: 'attempt',
      reason,
      procedure: target.path,
      endpoint: endpoint.name,
      durationMs,
    });
  }

  #fail(error: CallError): void {
    this.error = error;
    this.#settle();
    this.#reject(error);
  }

  #settle(): void {
    if (this.#timeout) timeouts.stop(this.#timeout);
    this.#options.gone.removeEventListener();
    this.#request = undefined;
  }

  #timeoutError(): CallError {
    const { connection, timeoutMs } = this.#options;
    const message = `${connection.target} did not answer within ${Math.round(timeoutMs)} ms`;
    return localError('TIMEOUT', message, { cause: this.#silence() });
  }

  #silence(): TransportError {
    const reached = this.#request?.sent ?? false;
    return new TransportError('No answer came while the caller waited', { reached });
  }
}

/** Error for an answer that could not be read, for example because a schema threw. */
function unreadable(error: unknown): CallError {
  if (isCallError(error)) return error;
  return localError('INTERNAL_SERVER_ERROR', 'The answer cannot be read', { cause: error });
}
