import type { IncomingMessage, ServerResponse } from 'node:http';

/** A request for a procedure. */
export interface Exchange {
  request: IncomingMessage;
  response: ServerResponse;
  requestId: string;
  /** The target after `/trpc/`, not decoded. */
  path: string;
  /** The target after the path, not decoded. */
  query: string;
}
