import { randomUUID } from 'node:crypto';
import {
  createAuthenticate,
  createKeySet,
  publicPart,
  type Authenticate,
  type KeySet,
} from '../identity/index.ts';
import {
  generateSigningKey,
  importSigningKey,
  issueServiceToken,
  issueUserToken,
  type PrivateJwk,
  type SigningKey,
} from '../issuer/index.ts';
import { silentLogger } from './logger.ts';

/** What a token allows. */
type TokenLimits = { scopes?: readonly string[]; tenant?: string };

/** Keys and tokens for a test, like those of set-up and auth. */
export interface TestIdentity {
  readonly jwk: PrivateJwk;
  readonly signingKey: SigningKey;
  readonly keys: KeySet;
  readonly authenticate: Authenticate;
  /** Issues the token of a service. @param service Its name, or also what the token allows. */
  serviceToken(service: string | ({ name: string } & TokenLimits), now?: Date): Promise<string>;
  /** Issues the token of a user. @default a user called Ann */
  userToken(
    user?: { id?: string; name?: string; role?: 'user' | 'admin' } & TokenLimits,
    now?: Date,
  ): Promise<string>;
}

/**
 * Creates an identity with a new key.
 *
 * @example
 * const identity = await createTestIdentity();
 * const { authenticate } = identity;
 * const service = createMemoryNetwork().serve(shopContract, handlers, { authenticate });
 * const token = await identity.userToken({ scopes: ['orders:write'] });
 */
export async function createTestIdentity(): Promise<TestIdentity> {
  const jwk = await generateSigningKey();
  const signingKey = await importSigningKey(jwk);
  const keys = await createKeySet({ initial: [publicPart(jwk)], log: silentLogger });
  return {
    jwk,
    signingKey,
    keys,
    authenticate: createAuthenticate(keys),
    async serviceToken(service, now) {
      const { name, ...limits } = typeof service === 'string' ? { name: service } : service;
      return (await issueServiceToken(signingKey, { id: `${name}-id`, name, ...limits }, now)).token;
    },
    async userToken({ id = randomUUID(), name = 'Ann', role = 'user', ...limits } = {}, now) {
      return (await issueUserToken(signingKey, { id, name, role, ...limits }, now)).token;
    },
  };
}
