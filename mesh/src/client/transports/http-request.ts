import { header, socketPath } from '../../wire/index.ts';
import type { Request } from '../request.ts';

/** Longest URL of a query, in characters; longer queries are sent as POST, which servers of the mesh allow. */
const longestUrl = 2000;

/** A request of tRPC's wire format over HTTP. */
export interface HttpRequest {
  /** With the query. */
  readonly path: string;
  readonly method: 'GET' | 'POST';
  readonly headers: Record<string, string>;
  readonly body?: string | undefined;
}

/** Writes a request as services of the mesh read it. @param prefix Path that the service is mounted with, if any. */
export function requestOf(
  { path, kind, input, authorization, headers: added }: Request,
  prefix: string,
): HttpRequest {
  const headers: Record<string, string> = { ...added, 'content-type': 'application/json' };
  if (authorization !== undefined) headers[header.authorization] = authorization;
  const text = input === undefined ? undefined : JSON.stringify(input);
  const target = `${prefix}${socketPath}/${path}`;
  const post = { path: target, method: 'POST' as const, headers, body: text };
  if (kind === 'mutation') return post;
  const full = text === undefined ? target : `${target}?input=${encodeURIComponent(text)}`;
  return full.length <= longestUrl ? { path: full, method: 'GET', headers } : post;
}

/** The JSON of an answer; `undefined` if it is not JSON, such as a proxy's error page. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
