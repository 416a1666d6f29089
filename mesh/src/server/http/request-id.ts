import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { header, isRequestId } from '../../wire/index.ts';

/** The caller's id of a request, if it is valid, or a new one. */
export function requestIdOf(request: IncomingMessage): string {
  return givenRequestId(request) ?? randomUUID();
}

/** The caller's id of a request, if it is valid. */
export function givenRequestId(request: IncomingMessage): string | undefined {
  const given = request.headers[header.requestId];
  return typeof given === 'string' && isRequestId(given) ? given : undefined;
}
