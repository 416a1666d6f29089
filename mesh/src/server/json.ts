import type { IncomingMessage, ServerResponse } from 'node:http';
import { MeshError, type ErrorCode, type ErrorShape } from '../wire/index.ts';
import { errorShape } from './error-shape.ts';

/** A path outside of tRPC that answers JSON to GET and HEAD. */
export type JsonRoute = (request: IncomingMessage) => Promise<JsonAnswer> | JsonAnswer;

export type JsonAnswer = Readonly<{
  status: number;
  /** A string goes out as it stands where the headers name a type of its own. */
  body: unknown;
  headers?: Readonly<Record<string, string>>;
}>;

/** Writes a JSON answer; of HEAD, only its headers. */
export function writeJson(request: IncomingMessage, response: ServerResponse, answer: JsonAnswer): void {
  const typed = answer.headers?.['content-type'] !== undefined && typeof answer.body === 'string';
  const text = typed ? String(answer.body) : JSON.stringify(answer.body);
  response.writeHead(answer.status, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(text),
    'cache-control': 'no-store',
    ...answer.headers,
  });
  response.end(request.method === 'HEAD' ? undefined : text);
}

/** An error outside of any procedure, in the shape that tRPC gives to its own, so that its clients read it. */
export function errorAnswer(
  code: ErrorCode,
  message: string,
  headers: Readonly<Record<string, string>> = {},
): JsonAnswer & { body: { error: ErrorShape } } {
  const error = errorShape(new MeshError(code, message));
  return { status: error.data.httpStatus, body: { error }, headers };
}
