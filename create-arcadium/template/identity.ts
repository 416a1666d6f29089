import { json } from '@arcadium/mesh/config';
import type { IdentityProvider } from '@arcadium/mesh/identity';
import { z } from 'zod';

/** `iss` and `aud` of the tokens. */
export const issuer = 'my-app';
export const audience = 'my-app';

/** The setting with the public keys of `scripts/tokens.ts`. */
export const identityFields = { PUBLIC_KEYS: json(z.object({ keys: z.array(z.looseObject({})) })) };

/**
 * Whose tokens the services accept. For an identity provider, give its URL as `issuer`, and leave out `publicKeys`: they
 * are fetched then.
 */
export function identityOf(config: { PUBLIC_KEYS: { keys: object[] } }): IdentityProvider {
  return { issuer, audience, publicKeys: config.PUBLIC_KEYS };
}
