import type { HTTPHeaders, Operation } from '@trpc/client';
import type { PlainOptions } from './options.ts';

type Headers = Record<string, string>;

/**
 * Headers that belong to one connection or one body (RFC 9110 §7.6.1), or that this client could not honour
 * (`accept-encoding`). Callers who pass on the headers of a request pass on these too.
 */
const notPassedOn: ReadonlySet<string> = new Set([
  'accept-encoding',
  'connection',
  'content-length',
  'expect',
  'keep-alive',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

const none: Readonly<Headers> = {};

/**
 * Reads the headers of a call: the link's, then those of its context. Not a promise unless the option is a function
 * that returns one.
 */
export function headersFor(
  op: Operation,
  headers: PlainOptions['headers'],
  own: HTTPHeaders | undefined,
): Readonly<Headers> | Promise<Readonly<Headers>> {
  if (headers === undefined) return own === undefined ? none : plain(own);
  const given = typeof headers === 'function' ? headers({ op }) : headers;
  const both = (of: HTTPHeaders): Headers =>
    own === undefined ? plain(of) : { ...plain(of), ...plain(own) };
  return given instanceof Promise ? given.then(both) : both(given);
}

/** Headers by their names in lower case. */
function plain(headers: HTTPHeaders): Headers {
  const entries: Iterable<[string, string | string[] | undefined]> =
    Symbol.iterator in headers
      ? (headers as Iterable<[string, string]>)
      : Object.entries<string | string[] | undefined>(headers);
  const read: Headers = {};
  for (const [name, value] of entries) {
    const lower = name.toLowerCase();
    if (value === undefined || notPassedOn.has(lower)) continue;
    read[lower] = typeof value === 'string' ? value : value.join(', ');
  }
  return read;
}
