import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { header, MeshError } from '../../wire/index.ts';
import { canonicalOrigins, parseOrigin } from '../socket/origin.ts';
import { errorAnswer, writeAnswer } from './answer.ts';
import { requestIdOf } from './request-headers.ts';

/** How long a browser keeps the answer to a preflight request, in seconds; Chromium's longest. */
const preflightSeconds = 7200;

/** Headers of an answer that a page may read, besides those of the Fetch standard. */
const readable = `${header.requestId}, ${header.retryAfter}`;

/**
 * Lets pages of other origins call a service: answers preflight requests, and names the page's origin in every answer.
 * Without cookies (`access-control-allow-credentials`): credentials are in headers that the page sets.
 *
 * @param origins Such as `https://www.example.com`. @default none: the listener stays as it is
 * @throws Error for an entry that is not an http or https origin.
 * @see https://fetch.spec.whatwg.org/#http-cors-protocol
 */
export function withCors(listener: RequestListener, origins: readonly string[] = []): RequestListener {
  if (origins.length === 0) return listener;
  const allowed = canonicalOrigins(origins);
  return (request, response) => {
    const { origin } = request.headers;
    const isAllowed = origin !== undefined && allowed.has(parseOrigin(origin) ?? '');
    if (isPreflight(request)) return answerPreflight(request, response, isAllowed);
    addVary(response);
    if (isAllowed) {
      response.setHeader('access-control-allow-origin', origin);
      response.setHeader('access-control-expose-headers', readable);
    }
    listener(request, response);
  };
}

function isPreflight({ method, headers }: IncomingMessage): boolean {
  return method === 'OPTIONS' && headers.origin !== undefined && 'access-control-request-method' in headers;
}

function answerPreflight(request: IncomingMessage, response: ServerResponse, isAllowed: boolean): void {
  const { origin = '', 'access-control-request-headers': asked } = request.headers;
  const vary = 'origin, access-control-request-headers';
  if (!isAllowed) {
    const failure = new MeshError('FORBIDDEN', `CORS_ORIGINS does not include ${origin.slice(0, 200)}`);
    writeAnswer(request, response, errorAnswer(failure, requestIdOf(request), { vary }));
    return;
  }
  response.writeHead(204, {
    vary,
    'access-control-allow-origin': origin,
    'access-control-allow-methods': 'GET, HEAD, POST',
    ...(asked !== undefined && { 'access-control-allow-headers': asked }),
    'access-control-max-age': String(preflightSeconds),
  });
  response.end();
}

/** Adds `origin` to `vary` when the head is written, because what writes it may set `vary` too. */
function addVary(response: ServerResponse): void {
  const writeHead = response.writeHead.bind(response) as (...args: unknown[]) => ServerResponse;
  response.writeHead = (...args: unknown[]) => {
    const headers = args.at(-1);
    if (Array.isArray(headers)) {
      const at = headers.indexOf('vary');
      if (at === -1) headers.push('vary', 'origin');
      else headers[at + 1] = `${headers[at + 1]}, origin`;
    } else if (typeof headers === 'object' && headers !== null && 'vary' in headers) {
      args.splice(-1, 1, { ...headers, vary: `${String(headers.vary)}, origin` });
    } else response.appendHeader('vary', 'origin');
    return writeHead(...args);
  };
}
