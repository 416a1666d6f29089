import type { FailedAttempt } from '../resilience/index.ts';
import { currentScope, startupLevel } from '../telemetry/index.ts';
import { errorCodes, header } from '../wire/index.ts';
import { isCallError } from './call-error.ts';
import type { Connection } from './connection.ts';
import type { Endpoint } from './endpoints/endpoint.ts';

/**
 * Logs one attempt that failed, with the documented fields: `endpoint`,
 * `error`, `retry_count`, `timestamp`, and the call's `context`: what comes
 * next, and the request id where a log has it, that of the service that
 * answered or this one's own, of the call that made this one. An error that
 * the contract names is an answer, not a fault, and is there for those who
 * look for it, as is the failure of a call whose caller makes it again and
 * says itself what that means.
 */
export function logFailure(
  { error, attempt, retryInMs, reason }: FailedAttempt,
  from: {
    connection: Connection;
    /** Where the attempt went; `undefined` if it went nowhere. */
    endpoint: Endpoint | undefined;
    path: string;
    headers: Readonly<Record<string, string>>;
    repeated: boolean;
  },
): void {
  const { connection, endpoint, path, headers, repeated } = from;
  const data = isCallError(error) ? error.data : undefined;
  const url = endpoint?.url ?? connection.endpoints.url;
  const found = data?.requestId !== undefined || currentScope() !== undefined;
  const fields = {
    endpoint: `${url}/trpc/${path}`,
    address: endpoint?.address.ip,
    // The line names the endpoint already.
    error: error.message.replace(`${url} gave no answer: `, ''),
    code: data?.code,
    retry_count: attempt - 1,
    timestamp: new Date().toISOString(),
    context: {
      request_id: found ? headers[header.requestId] : undefined,
      retry_in_ms: retryInMs,
      no_retry_because: reason,
    },
  };
  if (data?.error) connection.log.debug(fields, `${connection.target} refused a call`);
  else if (repeated) connection.log.debug(fields, `a call to ${connection.target} failed`);
  else {
    // Of a service that is still starting, as this one is.
    const mayPass = data !== undefined && errorCodes[data.code].retryable;
    const level = mayPass ? startupLevel() : 'warn';
    connection.log[level](fields, `a call to ${connection.target} failed`);
  }
}
