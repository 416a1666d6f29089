import type { AnyProcedure } from '../contract/index.ts';
import { retry } from '../resilience/index.ts';
import { currentScope } from '../telemetry/index.ts';
import { errorCodes, formatTimeout, header, MeshError } from '../wire/index.ts';
import { attemptSignal } from './attempt-signal.ts';
import { isCallError, localError, readAnswer, type CallError } from './call-error.ts';
import type { Connection } from './connection.ts';
import { logFailure } from './failure-log.ts';
import { headersOf, type CallOptions } from './outgoing.ts';
import { TransportError } from './transport.ts';

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
  const headers = headersOf(connection, options);
  const deadline = scope?.deadline ?? Infinity;
  const signals = [connection.closed, options.signal, scope?.signal];
  const gone = AbortSignal.any(signals.filter((signal) => signal !== undefined));
  const from = { connection, path: target.path, headers };
  let attempts = 0;

  const attemptOnce = (number: number) => {
    attempts = number;
    return attempt(connection, target, { input, headers, deadline, gone });
  };
  try {
    return await retry(attemptOnce, {
      policy: connection.retryPolicy,
      signal: gone,
      deadline,
      isRetryable: (error) => isRetryable(error, target.procedure),
      onFailure: (failure) => logFailure(failure, from),
    });
  } catch (thrown) {
    if (!gone.aborted) throw thrown;
    const error = goneError(gone, thrown);
    // The caller's own will is no failure; that its time was up is one, and `retry` does not tell of it.
    if (error.data.code === 'TIMEOUT') logFailure({ error, attempt: attempts, retryInMs: undefined }, from);
    throw error;
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
  { input, headers, deadline, gone }: AttemptOptions,
): Promise<unknown> {
  const timeoutMs = Math.min(procedure.timeoutMs ?? connection.timeoutMs, deadline - performance.now());
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
    return readAnswer(answer, procedure.output);
  } catch (error) {
    if (isCallError(error)) throw error;
    if (gone.aborted) throw goneError(gone, error);
    if (clock.timedOut) {
      const waited = `${connection.target} did not answer within ${Math.round(timeoutMs)} ms`;
      throw localError('TIMEOUT', waited, error);
    }
    if (error instanceof TransportError) throw localError('SERVICE_UNAVAILABLE', error.message, error);
    // Nothing was sent: an input that JSON cannot carry, or a token that no header may hold.
    throw localError('BAD_REQUEST', `The call cannot be sent: ${String(error)}`, error);
  }
}

/** Why nobody waits any more: the deadline of the call that this one belongs to, a closed client, or the caller's own will. */
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
