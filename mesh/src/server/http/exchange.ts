import type { IncomingMessage, ServerResponse } from 'node:http';

/** A request for a procedure that was let in. */
export interface Exchange {
  request: IncomingMessage;
  response: ServerResponse;
  requestId: string;
  /** What follows `/trpc/` in the target, as it was sent. */
  path: string;
  /** What follows the path in the target, as it was sent. */
  query: string;
}
