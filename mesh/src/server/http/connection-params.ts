import type { Credentials } from '../../identity/index.ts';
import { header, MeshError } from '../../wire/index.ts';
import { longestEcho } from '../call/unknown-name.ts';

/**
 * Reads the credentials in tRPC's `connectionParams`. Browsers cannot set headers on a WebSocket or an EventSource, so
 * `wsLink` sends them in its first message and `httpSubscriptionLink` in the URL. The keys are header names, in any case
 * (RFC 9110 §5.1); other keys are ignored.
 *
 * @param params Any JSON; `undefined` and `null` contain no credentials.
 * @throws MeshError BAD_REQUEST unless it is an object of strings, and for a header that occurs twice.
 * @see https://trpc.io/docs/server/websockets#connectionParams
 */
export function credentialsIn(params: unknown): Credentials {
  const found = new Map<string, string>();
  for (const [key, value] of entriesOf(params)) {
    const name = key.toLowerCase();
    if (typeof value !== 'string')
      throw new MeshError(
        'BAD_REQUEST',
        `connectionParams must hold strings: ${key.slice(0, longestEcho)} is not one`,
      );
    if (name !== header.authorization && name !== header.userToken) continue;
    if (found.has(name)) throw new MeshError('BAD_REQUEST', `connectionParams contain ${name} twice`);
    found.set(name, value);
  }
  return { authorization: found.get(header.authorization), userToken: found.get(header.userToken) };
}

function entriesOf(params: unknown): [string, unknown][] {
  if (params === undefined || params === null) return [];
  if (typeof params !== 'object' || Array.isArray(params))
    throw new MeshError('BAD_REQUEST', 'connectionParams must be an object');
  return Object.entries(params);
}
