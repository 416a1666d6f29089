import { randomUUID } from 'node:crypto';
import {
  createAuthenticate,
  createKeySet,
  generateSigningKey,
  importSigningKey,
  issueServiceToken,
  issueUserToken,
  publicPart,
  type Authenticate,
  type KeySet,
  type PrivateJwk,
  type SigningKey,
} from '../identity/index.ts';
import { silentLogger } from './logger.ts';

/** Keys and tokens for a test, like those of set-up and auth. */
export interface TestIdentity {
  readonly jwk: PrivateJwk;
  readonly signingKey: SigningKey;
  readonly keys: KeySet;
  readonly authenticate: Authenticate;
  serviceToken(name: string, now?: Date): Promise<string>;
  userToken(user?: { id?: string; name?: string; role?: 'user' | 'admin' }, now?: Date): Promise<string>;
}

/** Creates an identity with a new key. */
export async function createTestIdentity(): Promise<TestIdentity> {
  const jwk = await generateSigningKey();
  const signingKey = await importSigningKey(jwk);
  const keys = await createKeySet({ initial: [publicPart(jwk)], log: silentLogger });
  return {
    jwk,
    signingKey,
    keys,
    authenticate: createAuthenticate(keys),
    async serviceToken(name, now) {
      return (await issueServiceToken(signingKey, { id: `${name}-id`, name }, now)).token;
    },
    async userToken({ id = randomUUID(), name = 'Ann', role = 'user' } = {}, now) {
      return (await issueUserToken(signingKey, { id, name, role }, now)).token;
    },
  };
}
