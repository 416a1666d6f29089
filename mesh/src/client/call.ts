import type { AnyProcedure } from '../contract/index.ts';
import { retry, type FailedAttempt } from '../resilience/index.ts';
import { currentScope } from '../telemetry/index.ts';
import {
  errorCodes,
  formatTimeout,
  formatTraceparent,
  header,
  MeshError,
  startTrace,
} from '../wire/index.ts';
import { attemptSignal } from './attempt-signal.ts';
import { isCallError, localError, readAnswer, type CallError } from './call-error.ts';
import type { Connection } from './connection.ts';
import { logFailure } from './failure-log.ts';
import { TransportError } from './transport.ts';

/** What one call may bring of its own, beside its input. */
export interface CallOptions {
  signal?: AbortSignal;
  /** The access token of the user that the calling service acts for. */
  userToken?: string;
}

/** A query or mutation as it is to be called. */
export type Target = Readonly<{ path: string; procedure: AnyProcedure }>;

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
  const trace = scope?.trace ?? startTrace();
  const headers = headersOf(connection, options);
  headers[header.traceparent] = formatTraceparent(trace);
  if (trace.tracestate !== undefined) headers[header.tracestate] = trace.tracestate;
  headers[header.requestId] = scope?.requestId ?? crypto.randomUUID();

  const deadline = scope?.deadline ?? Infinity;
  const signals = [options.signal, scope?.signal].filter((signal) => signal !== undefined);
  const gone = AbortSignal.any(signals);
  const onFailure = (failure: FailedAttempt) =>
    logFailure(failure, { connection, path: target.path, headers });

  try {
    return await retry(() => attempt(connection, target, { input, headers, deadline, gone }), {
      policy: connection.retryPolicy,
      signal: gone,
      deadline,
      isRetryable: (error) => isRetryable(error, target.procedure),
      onFailure,
    });
  } catch (error) {
    throw gone.aborted && !isCallError(error) ? goneError(gone, error) : error;
  }
}

interface AttemptOptions {
  input: unknown;
  headers: Record<string, string>;
  deadline: number;
  gone: AbortSignal;
}

async function attempt(
  connection: Connection,
  { path, procedure }: Target,
  options: AttemptOptions,
): Promise<unknown> {
  const { input, headers, deadline, gone } = options;
  const timeoutMs = Math.min(connection.timeoutMs, procedure.timeoutMs, deadline - performance.now());
  if (timeoutMs <= 0) throw localError('TIMEOUT', 'No time was left for this call');
  using clock = attemptSignal(timeoutMs, gone);
  try {
    const answer = await connection.transport.send({
      path,
      kind: procedure.kind === 'query' ? 'query' : 'mutation',
      input,
      headers: { ...headers, [header.timeoutMs]: formatTimeout(timeoutMs) },
      signal: clock.signal,
    });
    return readAnswer(answer);
  } catch (error) {
    if (isCallError(error)) throw error;
    if (gone.aborted) throw goneError(gone, error);
    if (clock.timedOut) {
      throw localError(
        'TIMEOUT',
        `${connection.target} did not answer within ${Math.round(timeoutMs)} ms`,
        error,
      );
    }
    if (error instanceof TransportError) throw localError('SERVICE_UNAVAILABLE', error.message, error);
    throw error;
  }
}

/** Why nobody waits any more: the deadline of the call that this one belongs to, or its caller's own will. */
function goneError({ reason }: AbortSignal, cause: unknown): CallError {
  return reason instanceof MeshError
    ? localError(reason.code, reason.message, cause)
    : localError('CLIENT_CLOSED_REQUEST', 'The call was cancelled by its caller', cause);
}

/** Whether the same call may be made again: what failed must be able to pass, and doing it twice must do no harm. */
function isRetryable(error: Error, procedure: AnyProcedure): boolean {
  if (!isCallError(error) || !errorCodes[error.data.code].retryable) return false;
  return procedure.idempotent || (error.cause instanceof TransportError && !error.cause.reached);
}

function headersOf(connection: Connection, { userToken }: CallOptions): Record<string, string> {
  const headers: Record<string, string> = {};
  const authorization = connection.authorization();
  if (authorization !== undefined) headers[header.authorization] = authorization;
  if (userToken !== undefined) headers[header.userToken] = userToken;
  return headers;
}
