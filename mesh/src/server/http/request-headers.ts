import type { IncomingMessage } from 'node:http';
import type { Credentials } from '../../identity/index.ts';
import { header, parseTraceContext, type TraceContext } from '../../wire/index.ts';

/** What a request presents to prove who makes it. */
export function credentialsOf(request: IncomingMessage): Credentials {
  return {
    authorization: textOf(request, header.authorization),
    userToken: textOf(request, header.userToken),
  };
}

/**
 * The idempotency key of a request. Several calls with one key would be answered with the first one's answer: theirs becomes
 * an invalid key.
 *
 * @param calls How many it makes.
 */
export function keyOf(request: IncomingMessage, calls: number): string | undefined {
  const key = textOf(request, header.idempotencyKey);
  return key !== undefined && calls > 1 ? '' : key;
}

/** The trace that a request is part of, if it is part of one. */
export function traceOf(request: IncomingMessage): TraceContext | undefined {
  return parseTraceContext(textOf(request, header.traceparent), textOf(request, header.tracestate));
}

/** A header that was sent once. */
export function textOf(request: IncomingMessage, name: string): string | undefined {
  const value = request.headers[name];
  return typeof value === 'string' ? value : undefined;
}
