import type { IncomingMessage, ServerResponse } from 'node:http';
import { formatRetryAfter, header, type ErrorShape, type MeshError } from '../../wire/index.ts';
import { errorShape } from '../call/error-shape.ts';

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

/**
 * A route outside of tRPC, for GET and HEAD. Its path is exact, or a prefix that ends with `*`, such as `/assets/*`; an
 * exact path wins, then the longest prefix. A route of a prefix may return `undefined`: there is nothing at this path.
 */
export type Route = (request: IncomingMessage) => Promise<Answer | undefined> | Answer | undefined;

export type JsonAnswer = Readonly<{
  status: number;
  body: unknown;
  headers?: Readonly<Record<string, string>>;
}>;

/** An answer that is not JSON; its headers contain `content-type`. */
type TextAnswer = Readonly<{
  status: number;
  /** Text or bytes. */
  text: string | Uint8Array;
  headers: Readonly<Record<string, string>>;
}>;

export type Answer = JsonAnswer | TextAnswer;

/** Writes an answer; for HEAD, only its headers. */
export function writeAnswer(request: IncomingMessage, response: ServerResponse, answer: Answer): void {
  const text = 'text' in answer ? answer.text : JSON.stringify(answer.body);
  response.writeHead(answer.status, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(text),
    'cache-control': 'no-store',
    ...answer.headers,
  });
  response.end(request.method === 'HEAD' ? undefined : text);
}

/** An error outside of a procedure, in the shape that tRPC clients read. */
export function errorAnswer(
  failure: MeshError,
  requestId: string,
  headers: Readonly<Record<string, string>> = {},
): JsonAnswer & { body: { error: ErrorShape } } {
  const error = errorShape(failure, { requestId });
  return {
    status: error.data.httpStatus,
    body: { error },
    headers: { [header.requestId]: requestId, ...retryHeaders(failure), ...headers },
  };
}

export function retryHeaders({ retryAfterMs }: MeshError): Record<string, string> {
  return retryAfterMs === undefined ? {} : { [header.retryAfter]: formatRetryAfter(retryAfterMs) };
}
