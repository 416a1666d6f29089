import { Pool, errors } from 'undici';
import { TransportError, type Attempt, type Transport } from './transport.ts';

/** System and undici error codes that are raised before a connection stands, so before a byte is sent. */
const neverConnected = new Set([
  'ECONNREFUSED',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
  'UND_ERR_CONNECT_TIMEOUT',
]);

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
      try {
        const { statusCode, body } = await pool.request({
          ...requestOf(attempt),
          headers: { ...attempt.headers, 'content-type': 'application/json' },
          signal: attempt.signal,
        });
        return { status: statusCode, body: parseJson(await body.text()) };
      } catch (cause) {
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
  const code: unknown = first instanceof Error && 'code' in first ? first.code : undefined;
  const reached = !(typeof code === 'string' && neverConnected.has(code));
  const reason =
    first instanceof errors.UndiciError || first instanceof Error ? first.message || code : String(first);
  return new TransportError(`${origin} gave no answer: ${String(reason)}`, { reached, cause });
}
