import { Pool, errors } from 'undici';
import { header } from '../wire/index.ts';
import { TransportError, type Attempt, type Transport } from './transport.ts';

/** System calls that fail before a connection stands, so before a byte is sent. */
const connecting = new Set(['connect', 'getaddrinfo']);

/** The longest query that is sent in the URL, in characters; a longer one goes as POST, which tRPC allows on this mesh. */
const longestUrl = 2000;

/**
 * Makes the transport that speaks tRPC's wire format over HTTP/1.1, on
 * connections that are kept.
 *
 * @param url Where the service is, as `http://localhost:8000`.
 * @param options.connectTimeoutMs Longest wait for a connection, in milliseconds.
 */
export function createHttpTransport(url: string, options: { connectTimeoutMs: number }): Transport {
  const origin = new URL(url).origin;
  const pool = new Pool(origin, { connect: { timeout: options.connectTimeoutMs } });
  return {
    url: origin,
    async send(attempt) {
      const request = requestOf(attempt);
      const { authorization } = attempt;
      const abort = new AbortController();
      attempt.onCancel = () => abort.abort();
      try {
        const { statusCode, body } = await pool.request({
          ...request,
          headers: {
            ...attempt.headers,
            ...(authorization !== undefined && { [header.authorization]: authorization }),
            'content-type': 'application/json',
          },
          signal: abort.signal,
        });
        return { status: statusCode, body: parseJson(await body.text()), via: 'http' };
      } catch (cause) {
        // What cannot be sent at all is a mistake of the caller's, not of the network.
        if (cause instanceof errors.InvalidArgumentError) throw cause;
        throw toTransportError(cause, origin);
      }
    },
    close: () => pool.destroy(),
  };
}

function requestOf({ path, kind, input }: Attempt) {
  const text = input === undefined ? undefined : JSON.stringify(input);
  if (kind === 'mutation') return { path: `/trpc/${path}`, method: 'POST' as const, body: text ?? null };
  const target = text === undefined ? `/trpc/${path}` : `/trpc/${path}?input=${encodeURIComponent(text)}`;
  return target.length <= longestUrl
    ? { path: target, method: 'GET' as const }
    : { path: `/trpc/${path}`, method: 'POST' as const, body: text ?? null };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function toTransportError(cause: unknown, origin: string): TransportError {
  // A host with several addresses fails with one error for each.
  const first = cause instanceof AggregateError ? cause.errors[0] : cause;
  // The error's code alone does not tell: EHOSTUNREACH, for one, also ends a connection that stood.
  const failedToConnect =
    first instanceof errors.ConnectTimeoutError ||
    (first instanceof Error && 'syscall' in first && connecting.has(String(first.syscall)));
  const reached = !failedToConnect;
  const reason = first instanceof Error && first.message !== '' ? first.message : String(first);
  return new TransportError(`${origin} gave no answer: ${reason}`, { reached, cause });
}
