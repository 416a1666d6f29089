import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { header, isRequestId } from '../../wire/index.ts';

/** The caller's id for the request if it is one that may stand in a log, else a new one. */
export function requestIdOf(request: IncomingMessage): string {
  return givenRequestId(request) ?? randomUUID();
}

/** The caller's id for the request, if it is one that may stand in a log. */
export function givenRequestId(request: IncomingMessage): string | undefined {
  const given = request.headers[header.requestId];
  return typeof given === 'string' && isRequestId(given) ? given : undefined;
}
