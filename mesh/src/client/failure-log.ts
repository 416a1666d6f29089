import type { FailedAttempt } from '../resilience/index.ts';
import { currentScope, startupLevel } from '../telemetry/index.ts';
import { errorCodes, header } from '../wire/index.ts';
import { isCallError } from './call-error.ts';
import type { Connection } from './connection.ts';
import type { Endpoint } from './endpoints/endpoint.ts';

/**
 * Logs a failed attempt with the documented fields: `endpoint`, `error`, `retry_count`, `timestamp` and `context`,
 * which has the request id if a log line of the answering service or of this one's handler has it too. Typed errors
 * of the contract and failures of `repeated` calls are debug lines.
 */
export function logFailure(
  { error, attempt, retryInMs, reason }: FailedAttempt,
  from: {
    connection: Connection;
    /** `undefined` if the attempt was not sent. */
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
    endpoint: `${url}${connection.basePath}/${path}`,
    address: endpoint?.address.ip,
    // `endpoint` repeats the URL.
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
    // While this service starts, others may be starting too.
    const mayPass = data !== undefined && errorCodes[data.code].retryable;
    const level = mayPass ? startupLevel() : 'warn';
    connection.log[level](fields, `a call to ${connection.target} failed`);
  }
}
