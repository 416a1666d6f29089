import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Authenticate } from '../identity/index.ts';
import { header, parseTimeout, parseTraceContext } from '../wire/index.ts';
import type { RequestContext } from './router.ts';

const requestIdPattern = /^[\w.:-]{1,128}$/;

/** The caller's id for the request if it is one that may stand in a log, else a new one. */
export function requestIdOf(request: IncomingMessage): string {
  const given = textOf(request, header.requestId);
  return given !== undefined && isRequestId(given) ? given : randomUUID();
}

/** Whether an id of a caller's own making may stand in a log. */
export function isRequestId(text: unknown): boolean {
  return typeof text === 'string' && requestIdPattern.test(text);
}

/**
 * Reads who calls, for how long, and as part of which trace.
 *
 * @throws MeshError UNAUTHORIZED for credentials that are no good; none at all are no error here.
 */
export async function readContext(
  request: IncomingMessage,
  requestId: string,
  authenticate: Authenticate,
): Promise<RequestContext> {
  const caller = await authenticate({
    authorization: textOf(request, header.authorization),
    userToken: textOf(request, header.userToken),
  });
  const trace = parseTraceContext(textOf(request, header.traceparent), textOf(request, header.tracestate));
  return {
    caller,
    requestId,
    trace,
    timeoutMs: parseTimeout(textOf(request, header.timeoutMs)),
  };
}

/** A header that was sent once. */
export function textOf(request: IncomingMessage, name: string): string | undefined {
  const value = request.headers[name];
  return typeof value === 'string' ? value : undefined;
}
