import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Credentials } from '../../identity/index.ts';
import { clientCertificateOf } from '../../tls/core.ts';
import { header, parseTraceContext, requestIdPattern, type TraceContext } from '../../wire/index.ts';

export function credentialsOf(request: IncomingMessage): Credentials {
  return {
    authorization: textOf(request, header.authorization),
    userToken: textOf(request, header.userToken),
    certificate: clientCertificateOf(request.socket),
  };
}

/**
 * The idempotency key of a request; an invalid one for a batch, whose calls would all get the answer of the first.
 *
 * @param calls Number of calls in the request.
 */
export function keyOf(request: IncomingMessage, calls: number): string | undefined {
  const key = textOf(request, header.idempotencyKey);
  return key !== undefined && calls > 1 ? '' : key;
}

export function traceOf(request: IncomingMessage): TraceContext | undefined {
  return parseTraceContext(textOf(request, header.traceparent), textOf(request, header.tracestate));
}

/** The caller's id of a request, if it is valid, or a new one. */
export function requestIdOf(request: IncomingMessage): string {
  return givenRequestId(request) ?? randomUUID();
}

/** The caller's id of a request, if it is valid. */
export function givenRequestId(request: IncomingMessage): string | undefined {
  const given = textOf(request, header.requestId);
  return given !== undefined && requestIdPattern.test(given) ? given : undefined;
}

export function textOf(request: IncomingMessage, name: string): string | undefined {
  const value = request.headers[name];
  return typeof value === 'string' ? value : undefined;
}
