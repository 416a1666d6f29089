import type { AnyProcedure } from '../contract/index.ts';
import { retry } from '../resilience/index.ts';
import { currentScope } from '../telemetry/index.ts';
import { errorCodes, formatTimeout, header, MeshError } from '../wire/index.ts';
import { isCallError, localError, readAnswer, type CallError } from './call-error.ts';
import type { Connection } from './connection.ts';
import { logFailure } from './failure-log.ts';
import { listen } from './listen.ts';
import { headersOf, type CallOptions } from './outgoing.ts';
import { Attempt, TransportError } from './transport.ts';

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
  const outgoing: Outgoing = {
    connection,
    target,
    input,
    headers: headersOf(options),
    deadline: scope?.deadline ?? Infinity,
    gone: [connection.closed, options.signal, scope?.signal].filter((signal) => signal !== undefined),
  };
  const from = { connection, path: target.path, headers: outgoing.headers };
  let attempts = 0;
  try {
    return await retry(
      (number) => {
        attempts = number;
        return attempt(outgoing);
      },
      {
        policy: connection.retryPolicy,
        signal: AbortSignal.any([...outgoing.gone]),
        deadline: outgoing.deadline,
        isRetryable: (error) => isRetryable(error, target.procedure),
        onFailure: (failure) => logFailure(failure, from),
      },
    );
  } catch (thrown) {
    const over = outgoing.gone.find(({ aborted }) => aborted);
    if (!over) throw thrown;
    const error = goneError(over.reason, thrown);
    // The caller's own will is no failure; that its time was up is one, and `retry` does not tell of it.
    if (error.data.code === 'TIMEOUT') logFailure({ error, attempt: attempts, retryInMs: undefined }, from);
    throw error;
  }
}

/** One call, as all of its attempts have it. */
interface Outgoing {
  readonly connection: Connection;
  readonly target: Target;
  readonly input: unknown;
  readonly headers: Readonly<Record<string, string>>;
  /** When nobody waits any more, on the clock of `performance.now()`, in milliseconds. */
  readonly deadline: number;
  /** Each fires when nobody waits any more. */
  readonly gone: readonly AbortSignal[];
}

function attempt(outgoing: Outgoing): Promise<unknown> {
  const { connection, target, input, headers, deadline, gone } = outgoing;
  const { path, procedure } = target;
  const timeoutMs = Math.min(procedure.timeoutMs ?? connection.timeoutMs, deadline - performance.now());
  if (timeoutMs <= 0) return Promise.reject(localError('TIMEOUT', 'No time was left for this call'));
  const sent = new Attempt({
    path,
    kind: procedure.kind === 'query' ? 'query' : 'mutation',
    input,
    authorization: connection.authorization(),
    headers: { ...headers, [header.timeoutMs]: formatTimeout(timeoutMs) },
  });
  return new Promise((resolve, reject) => {
    const giveUp = (error: CallError): void => {
      settle();
      sent.cancel();
      reject(error);
    };
    const timer = setTimeout(
      () =>
        giveUp(
          localError('TIMEOUT', `${connection.target} did not answer within ${Math.round(timeoutMs)} ms`),
        ),
      timeoutMs,
    );
    const deaf = gone.map((signal) => listen(signal, (reason) => giveUp(goneError(reason))));
    const settle = (): void => {
      clearTimeout(timer);
      for (const stop of deaf) stop();
    };
    connection.transport
      .send(sent)
      .finally(settle)
      .then((answer) => readAnswer(answer, procedure.output))
      .then(resolve, (error: unknown) => reject(toCallError(error)));
  });
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
  return procedure.idempotent || (error.cause instanceof TransportError && !error.cause.reached);
}
