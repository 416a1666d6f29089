import type { AnyProcedure } from '../contract/index.ts';
import { retry, timeouts, type Permit } from '../resilience/index.ts';
import { currentScope } from '../telemetry/index.ts';
import { errorCodes, formatTimeout, header, MeshError, type ErrorCode } from '../wire/index.ts';
import { isCallError, localError, readAnswer, type CallError } from './call-error.ts';
import type { CallMeter } from './call-meter.ts';
import type { Connection } from './connection.ts';
import { logFailure } from './failure-log.ts';
import { Gone } from './gone.ts';
import { headersOf, type CallOptions } from './outgoing.ts';
import { Attempt, TransportError, type TransportName } from './transport.ts';

/** A query or mutation as it is to be called. */
export type Target = Readonly<{ path: string; procedure: AnyProcedure; meter: CallMeter }>;

/** One call, as all of its attempts have it. */
interface Outgoing {
  readonly connection: Connection;
  readonly target: Target;
  readonly input: unknown;
  readonly headers: Record<string, string>;
  /** When nobody waits any more, on the clock of `performance.now()`, in milliseconds. */
  readonly deadline: number;
  /** Fires when nobody waits any more. */
  readonly gone: Gone;
}

/**
 * Calls a query or a mutation: a time-out for each attempt, retries where the
 * same call twice does no harm, and a log line for each failure. A call made
 * by a handler inherits the handler's deadline, signal, trace and request id.
 *
 * @throws CallError
 */
export async function call(
  connection: Connection,
  target: Target,
  input: unknown,
  options: CallOptions,
): Promise<unknown> {
  const scope = currentScope();
  const signals = [connection.closed, options.signal, scope?.signal].filter((signal) => signal !== undefined);
  const outgoing: Outgoing = {
    connection,
    target,
    input,
    headers: headersOf(options),
    deadline: scope?.deadline ?? Infinity,
    gone: new Gone(signals),
  };
  const startedAt = performance.now();
  let attempts = 0;
  const count = (code: string): void => target.meter.call(code, performance.now() - startedAt);
  const from = { connection, path: target.path, headers: outgoing.headers };
  try {
    const data = await retry(
      (number) => {
        attempts = number;
        return attempt(outgoing);
      },
      {
        policy: connection.retryPolicy,
        budget: connection.retryBudget,
        signal: outgoing.gone,
        deadline: outgoing.deadline,
        isRetryable: (error) => isRetryable(error, target.procedure),
        onFailure: (failure) => logFailure(failure, from),
      },
    );
    count('OK');
    return data;
  } catch (thrown) {
    const error = outgoing.gone.aborted ? goneError(outgoing.gone.reason, thrown) : toCallError(thrown);
    count(error.data.code);
    // The caller's own will is no failure; that its time was up is one, and `retry` does not tell of it.
    if (outgoing.gone.aborted && error.data.code === 'TIMEOUT')
      logFailure({ error, attempt: attempts, retryInMs: undefined }, from);
    throw error;
  }
}

function attempt(outgoing: Outgoing): Promise<unknown> {
  const { connection, target, input, headers, deadline } = outgoing;
  const limitMs = target.procedure.timeoutMs ?? connection.timeoutMs;
  const timeoutMs = deadline === Infinity ? limitMs : Math.min(limitMs, deadline - performance.now());
  if (timeoutMs <= 0) return Promise.reject(localError('TIMEOUT', 'No time was left for this call'));
  // Attempts follow one another, so they may share what only the time left changes.
  headers[header.timeoutMs] = formatTimeout(timeoutMs);
  const sent = new Attempt({
    path: target.path,
    kind: target.procedure.kind === 'query' ? 'query' : 'mutation',
    input,
    authorization: connection.authorization(),
    headers,
  });
  const permit = connection.breaker.tryAcquire();
  if (!permit) return Promise.reject(brokenError(connection));
  return send(outgoing, sent, { timeoutMs, permit, hurried: timeoutMs < limitMs });
}

/** How one attempt goes out. */
interface Sending {
  readonly timeoutMs: number;
  readonly permit: Permit;
  /** Whether the caller has less time than the procedure may take. */
  readonly hurried: boolean;
}

function send(outgoing: Outgoing, sent: Attempt, { timeoutMs, permit, hurried }: Sending): Promise<unknown> {
  const { connection, target, gone } = outgoing;
  const { procedure, meter } = target;
  return new Promise((resolve, reject) => {
    const settle = (): void => {
      timeouts.stop(timeout);
      gone.removeEventListener();
    };
    const fail = (error: CallError, via: TransportName | 'none'): void => {
      settle();
      meter.attempt(via, error.data.code);
      tell(permit, error.data.code, { answered: via !== 'none', hurried });
      reject(error);
    };
    const giveUp = (error: CallError): void => {
      fail(error, 'none');
      sent.cancel();
    };
    const timeout = timeouts.start(timeoutMs, () =>
      giveUp(localError('TIMEOUT', `${connection.target} did not answer within ${Math.round(timeoutMs)} ms`)),
    );
    gone.addEventListener('abort', () => giveUp(goneError(gone.reason)));
    connection.transport.send(sent).then(
      (answer) => {
        if (sent.cancelled) return;
        try {
          const data = readAnswer(answer, procedure.output);
          settle();
          meter.attempt(answer.via, 'OK');
          permit.success();
          resolve(data);
        } catch (error) {
          fail(toCallError(error), answer.via);
        }
      },
      (error: unknown) => {
        if (!sent.cancelled) fail(toCallError(error), 'none');
      },
    );
  });
}

/**
 * The breaker counts what the server failed at. A refusal that the caller
 * deserved shows that it works; what the caller itself cut short, or what never
 * left, shows nothing.
 */
function tell(
  permit: Permit,
  code: ErrorCode,
  { answered, hurried }: { answered: boolean; hurried: boolean },
): void {
  if (code === 'CLIENT_CLOSED_REQUEST' || code === 'TOO_MANY_REQUESTS') permit.ignore();
  else if (code === 'TIMEOUT' && hurried) permit.ignore();
  else if (errorCodes[code].httpStatus >= 500 || code === 'TIMEOUT') permit.failure();
  else if (answered) permit.success();
  else permit.ignore();
}

/** Refused on this side: the target has failed too often for this call to be made. */
function brokenError({ target, breaker }: Connection): CallError {
  const waitMs = Math.round(breaker.retryAfterMs);
  const cause = new TransportError(`${target} keeps failing and is left alone for ${waitMs} ms`, {
    reached: false,
  });
  return localError('SERVICE_UNAVAILABLE', cause.message, cause);
}

function toCallError(error: unknown): CallError {
  if (isCallError(error)) return error;
  if (error instanceof TransportError) return localError('SERVICE_UNAVAILABLE', error.message, error);
  // Nothing was sent: an input that JSON cannot carry, or a token that no header may hold.
  return localError('BAD_REQUEST', `The call cannot be sent: ${String(error)}`, error);
}

/** Why nobody waits any more: the deadline of the call that this one belongs to, a closed client, or the caller's own will. */
function goneError(reason: unknown, cause?: unknown): CallError {
  return reason instanceof MeshError
    ? localError(reason.code, reason.message, cause)
    : localError('CLIENT_CLOSED_REQUEST', 'The call was cancelled by its caller', cause);
}

/** Whether the same call may be made again: what failed must be able to pass, and doing it twice must do no harm. */
function isRetryable(error: Error, procedure: AnyProcedure): boolean {
  if (!isCallError(error) || !errorCodes[error.data.code].retryable) return false;
  return procedure.idempotent !== false || (error.cause instanceof TransportError && !error.cause.reached);
}
