import { isNonJsonSerializable } from '@trpc/client';
import { localError, notReached, type AnyHttpRequest } from '../client/core.ts';
import type { Request } from '../client/index.ts';
import { header } from '../wire/index.ts';
import type { PlainOptions } from './options.ts';

type Encoding = Pick<PlainOptions, 'methodOverride' | 'pathSeparator'>;

/** Characters of a path that a URL may hold as they are. */
const plainPath = /^[\w.~-]*$/;

/**
 * Writes requests as tRPC's `httpLink` does: queries are GET, whatever their length, since a stock server refuses POST.
 *
 * @param url URL of the endpoint.
 */
export function encoder(
  url: string,
  { methodOverride, pathSeparator = '.' }: Encoding,
): (request: Request) => AnyHttpRequest {
  const base = new URL(url).pathname.replace(/\/$/, '');
  return ({ path, kind, input, authorization, headers: added }) => {
    const own = authorization === undefined ? added : { ...added, [header.authorization]: authorization };
    const name = pathSeparator === '.' ? path : path.replaceAll('.', pathSeparator);
    const target = `${base}/${plainPath.test(name) ? name : encodeURI(name)}`;
    const posts = kind === 'mutation' || methodOverride === 'POST';
    if (isNonJsonSerializable(input)) {
      if (!posts) throw notForQueries(path);
      const { body, headers } = encodeBinary(input);
      return { path: target, method: 'POST', body, headers: { ...own, ...headers } };
    }
    const text = input === undefined ? undefined : JSON.stringify(input);
    if (posts) {
      const headers = { 'content-type': 'application/json', ...own };
      return { path: target, method: 'POST', body: text, headers };
    }
    const full = text === undefined ? target : `${target}?input=${encodeURIComponent(text)}`;
    return { path: full, method: 'GET', headers: own };
  };
}

/** A form or bytes; written again for each attempt, and not held in memory. */
function encodeBinary(
  input: FormData | Blob | Uint8Array<ArrayBuffer>,
): Pick<AnyHttpRequest, 'body' | 'headers'> {
  const octets = { 'content-type': 'application/octet-stream' };
  if (input instanceof Uint8Array) return { body: input, headers: octets };
  if (input instanceof Blob) {
    const headers = { ...octets, 'content-length': String(input.size) };
    return { body: streamOf(input.stream()), headers };
  }
  const { body, headers } = new Response(input);
  return { body: body && streamOf(body), headers: { 'content-type': headers.get('content-type') ?? '' } };
}

/** undici takes any iterable of bytes, which its types do not say. */
function streamOf(bytes: AsyncIterable<Uint8Array>): AnyHttpRequest['body'] {
  return bytes as unknown as AnyHttpRequest['body'];
}

function notForQueries(path: string): Error {
  const message = `${path} is a query: only mutations take FormData, Blob and Uint8Array`;
  return localError('BAD_REQUEST', message, { cause: notReached(message), retry: 'never' });
}
