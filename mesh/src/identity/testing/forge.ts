import { createPrivateKey, randomUUID, sign, type KeyObject } from 'node:crypto';
import type { TokenKind } from '../index.ts';
import type { PrivateJwk } from '../../issuer/index.ts';

/** Changes to a valid token; `undefined` removes a member. */
export interface Change {
  /** @default 'service' */
  kind?: TokenKind | undefined;
  header?: Readonly<Record<string, unknown>>;
  claims?: Readonly<Record<string, unknown>>;
}

/** The current time, in seconds since 1970. */
export const now = (): number => Math.floor(Date.now() / 1000);

/** The header of a valid token. */
export function headerOf({ kid }: { kid: string }, kind: TokenKind = 'service') {
  return { alg: 'EdDSA', typ: kind === 'service' ? 'service+jwt' : 'at+jwt', kid };
}

const ofKind = {
  service: { aud: 'arcadium-services', type: 'service', service_id: 'wiki-id', service_name: 'wiki' },
  user: { aud: 'arcadium-users', type: 'user', name: 'Ann', role: 'user' },
} as const;

/** The claims of a token that is valid for a minute, of the service `wiki` or of a user. */
export function claimsOf(kind: TokenKind = 'service') {
  const registered = { iss: 'arcadium-auth', sub: 'some-id', jti: randomUUID(), iat: now(), exp: now() + 60 };
  return { ...registered, ...ofKind[kind] };
}

/** Encodes JSON, or a text as it is, in base64url. */
export function encode(content: unknown): string {
  return Buffer.from(typeof content === 'string' ? content : JSON.stringify(content)).toString('base64url');
}

/** Signs two encoded parts. */
export function signParts(key: PrivateJwk, header: string, payload: string): string {
  const text = `${header}.${payload}`;
  return `${text}.${sign(null, Buffer.from(text), keyObjectOf(key)).toString('base64url')}`;
}

const keyObjects = new WeakMap<PrivateJwk, KeyObject>();

/** Cached: importing a key costs more than signing. */
function keyObjectOf(key: PrivateJwk): KeyObject {
  let found = keyObjects.get(key);
  if (!found) {
    found = createPrivateKey({ key, format: 'jwk' });
    keyObjects.set(key, found);
  }
  return found;
}

/** Makes a signed token with changes. */
export function forge(key: PrivateJwk, { kind, header, claims }: Change = {}): string {
  return signParts(
    key,
    encode({ ...headerOf(key, kind), ...header }),
    encode({ ...claimsOf(kind), ...claims }),
  );
}
