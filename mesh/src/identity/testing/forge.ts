import { createPrivateKey, randomUUID, sign } from 'node:crypto';
import type { PrivateJwk } from '../index.ts';

/** What about a token is other than it should be; `undefined` leaves a member out. */
export interface Change {
  header?: Readonly<Record<string, unknown>>;
  claims?: Readonly<Record<string, unknown>>;
}

/** The present, in seconds since 1970. */
export const now = (): number => Math.floor(Date.now() / 1000);

/** The header of a good token of a service. */
export const serviceHeader = ({ kid }: { kid: string }) => ({ alg: 'EdDSA', typ: 'service+jwt', kid });

/** The claims of a good token of the service `wiki`, which lives for a minute. */
export const wikiClaims = () => ({
  iss: 'arcadium-auth',
  aud: 'arcadium-services',
  sub: 'wiki-id',
  jti: randomUUID(),
  iat: now(),
  exp: now() + 60,
  type: 'service',
  service_id: 'wiki-id',
  service_name: 'wiki',
});

/** JSON, or text as it stands, in base64url. */
export function encode(content: unknown): string {
  return Buffer.from(typeof content === 'string' ? content : JSON.stringify(content)).toString('base64url');
}

/** Signs any two parts with a key of ours, or of an attacker. */
export function signed(key: PrivateJwk, header: string, payload: string): string {
  const text = `${header}.${payload}`;
  const signature = sign(null, Buffer.from(text), createPrivateKey({ key, format: 'jwk' }));
  return `${text}.${signature.toString('base64url')}`;
}

/** Makes a token of a service, with something about it changed. */
export function forge(key: PrivateJwk, { header, claims }: Change = {}): string {
  return signed(key, encode({ ...serviceHeader(key), ...header }), encode({ ...wikiClaims(), ...claims }));
}
