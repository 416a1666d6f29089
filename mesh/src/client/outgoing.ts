import { currentScope } from '../telemetry/index.ts';
import { formatTraceparent, header } from '../wire/index.ts';
import type { Connection } from './connection.ts';

/** What one call may bring of its own, beside its input. */
export interface CallOptions {
  signal?: AbortSignal;
  /** The access token of the user that the calling service acts for. */
  userToken?: string;
}

/**
 * The headers of a call: who calls, for whom, and as part of which request. A
 * call made by a handler carries on the trace and the id of the handler's own.
 */
export function headersOf(
  connection: Pick<Connection, 'authorization'>,
  { userToken }: CallOptions,
): Record<string, string> {
  const scope = currentScope();
  const trace = scope?.trace;
  const authorization = connection.authorization();
  return {
    ...(authorization !== undefined && { [header.authorization]: authorization }),
    ...(userToken !== undefined && { [header.userToken]: userToken }),
    ...(trace?.tracestate !== undefined && { [header.tracestate]: trace.tracestate }),
    ...(trace && { [header.traceparent]: formatTraceparent(trace) }),
    [header.requestId]: scope?.requestId ?? crypto.randomUUID(),
  };
}
