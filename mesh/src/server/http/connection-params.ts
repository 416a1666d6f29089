import type { Credentials } from '../../identity/index.ts';
import { header, MeshError } from '../../wire/index.ts';

/**
 * What tRPC's `connectionParams` present. A browser sets no headers on a WebSocket, nor on a stream of events, so `wsLink`
 * sends them in its first message and `httpSubscriptionLink` in the URL. Their keys are names of headers, in any letter
 * case (RFC 9110 §5.1); further ones are the application's own.
 *
 * @param params As they came: any JSON; none at all present nothing.
 * @throws MeshError BAD_REQUEST for what is not an object of strings, as tRPC has it, and for a name that is there twice.
 * @see https://trpc.io/docs/server/websockets#connectionParams
 */
export function credentialsIn(params: unknown): Credentials {
  const found = new Map<string, string>();
  for (const [key, value] of entriesOf(params)) {
    const name = key.toLowerCase();
    if (typeof value !== 'string')
      throw new MeshError(
        'BAD_REQUEST',
        `connectionParams must hold strings: ${key.slice(0, longestKey)} is not one`,
      );
    if (name !== header.authorization && name !== header.userToken) continue;
    if (found.has(name)) throw new MeshError('BAD_REQUEST', `connectionParams contain ${name} twice`);
    found.set(name, value);
  }
  return { authorization: found.get(header.authorization), userToken: found.get(header.userToken) };
}

/** The most of a key that is sent back, in characters. */
const longestKey = 64;

function entriesOf(params: unknown): [string, unknown][] {
  if (params === undefined || params === null) return [];
  if (typeof params !== 'object' || Array.isArray(params))
    throw new MeshError('BAD_REQUEST', 'connectionParams must be an object');
  return Object.entries(params);
}
