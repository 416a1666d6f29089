import { timeouts, type Permit, type Timeout } from '../resilience/index.ts';
import { decisions, tell } from '../telemetry/index.ts';
import { formatTimeout, header, type ErrorCode } from '../wire/index.ts';
import { goneError, isCallError, localError, readAnswer, toCallError, type CallError } from './call-error.ts';
import { Request } from './request.ts';
import type { Target } from './target.ts';
import type { Connection } from './connection.ts';
import type { Choice } from './endpoints/endpoints.ts';
import type { Endpoint } from './endpoints/endpoint.ts';
import type { Gone } from './gone.ts';
import { notReached, TransportError, type Answer, type TransportName } from './transports/transport.ts';
import { didNothing, foundNobody } from './verdict.ts';

/** One attempt of a call: what is sent, and for how long it may take. */
export interface AttemptOptions {
  readonly connection: Connection;
  readonly target: Target;
  readonly message: Pick<Request, 'path' | 'kind' | 'input' | 'authorization'> & {
    readonly headers: Record<string, string>;
  };
  /** In milliseconds. */
  readonly timeoutMs: number;
  /** Whether the caller has much less time than the procedure may take. */
  readonly hurried: boolean;
  /** Fires when nobody waits any more. */
  readonly gone: Gone;
  /** Where earlier attempts of the call failed: it goes elsewhere, if there is an elsewhere. */
  readonly failedAt: readonly Endpoint[];
}

/** A request on its way to one endpoint. */
class RoutedRequest extends Request {
  readonly endpoint: Endpoint;
  readonly permit: Permit;

  constructor(message: AttemptOptions['message'], { endpoint, permit }: Choice, now: number) {
    super(message, now);
    this.endpoint = endpoint;
    this.permit = permit;
  }
}

const none: readonly never[] = [];

/**
 * What the caller counts as one attempt: the message goes to one endpoint, and
 * at once to another where the first certainly did nothing with it.
 */
export class Attempt {
  /** Where it went last. */
  endpoint: Endpoint | undefined;
  /** What it failed with. */
  error: CallError | undefined;
  readonly #options: AttemptOptions;
  #resolve!: (data: unknown) => void;
  #reject!: (error: CallError) => void;
  /** On the clock of `performance.now()`, in milliseconds. */
  #endsAt = 0;
  #timeout: Timeout | undefined;
  #request: RoutedRequest | undefined;
  /** Endpoints that it is not to go to. */
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
      this.#send();
    });
  }

  /** Another one was quicker: it never settles. */
  outrun(): void {
    const { connection, target } = this.#options;
    const request = this.#request;
    this.#settle();
    if (!request) return;
    request.endpoint.outrun(request.permit, connection.clock.latest - request.startedAt);
    target.meter.attempts('none')('CLIENT_CLOSED_REQUEST').inc();
    request.cancel();
  }

  /** Sends it to an endpoint that it was not sent to yet; fails where there is none. */
  #send(): void {
    const { connection, target } = this.#options;
    const choice = connection.endpoints.choose(this.#tried);
    if (choice) return this.#sendTo(choice);
    connection.decide({ decision: 'refused', reason: 'breaker', procedure: target.path });
    const waitMs = Math.round(connection.endpoints.retryAfterMs);
    const message = `${connection.target}: breaker open for ${waitMs} ms`;
    // A retry that comes sooner would be refused as well.
    this.#fail(
      localError('SERVICE_UNAVAILABLE', message, { cause: notReached(message), retryAfterMs: waitMs }),
    );
  }

  #sendTo(choice: Choice): void {
    const { message, connection } = this.#options;
    const now = connection.clock.latest;
    // Attempts follow one another, so they may share what only the time left changes.
    message.headers[header.timeoutMs] = formatTimeout(this.#endsAt - now);
    const request = new RoutedRequest(message, choice, now);
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

  #onAnswer(request: RoutedRequest, answer: Answer): void {
    if (request.cancelled) return;
    const { target } = this.#options;
    let data: unknown;
    try {
      data = readAnswer(answer, target.procedure.output);
    } catch (error) {
      return this.#onFailure(request, unreadable(error), answer.via);
    }
    const durationMs = this.#options.connection.clock.read() - request.startedAt;
    request.endpoint.succeeded(request.permit, durationMs);
    target.meter.attempts(answer.via)('OK').inc();
    if (decisions.hasSubscribers) this.#tell(request, 'OK', durationMs);
    this.#settle();
    this.#resolve(data);
  }

  #onFailure(request: RoutedRequest, error: CallError, via: TransportName | 'none'): void {
    this.#end(request, error, via);
    if (via === 'none') this.#options.connection.endpoints.refresh();
    this.#request = undefined;
    if (this.#mayGoElsewhere(request, error)) this.#send();
    else this.#fail(error);
  }

  /**
   * Where nobody was, it has cost nothing, as long as there is one that looks healthy. Where there is none, and where
   * one has too much to do, it costs a retry, or all would go round.
   */
  #mayGoElsewhere({ endpoint }: RoutedRequest, error: CallError): boolean {
    const { connection, target } = this.#options;
    if (!didNothing(error) || error.data.retry === 'never') return false;
    this.#tried = [...this.#tried, endpoint];
    if (this.#tried.length >= connection.endpoints.size) return false;
    const free = foundNobody(error) && connection.endpoints.anyUsable(this.#tried);
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

  /** Nobody waits any more. */
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

  /** Why there is no answer, and whether the server can have seen the call. */
  #silence(): TransportError {
    const reached = this.#request?.sent ?? false;
    return new TransportError('No answer came while the caller waited', { reached });
  }
}

/** What is wrong with an answer that is no error of the call's own making: a schema that throws, say. */
function unreadable(error: unknown): CallError {
  if (isCallError(error)) return error;
  return localError('INTERNAL_SERVER_ERROR', 'The answer cannot be read', { cause: error });
}
