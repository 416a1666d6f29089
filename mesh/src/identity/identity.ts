import { SteadyClock } from '../clock/index.ts';
import type { Logger } from '../telemetry/index.ts';
import { authenticateBy, type Authenticate } from './authenticate.ts';
import { byFunction, type IdentifyOptions, type IdentifyCaller } from './by-function.ts';
import { openProvider, type IdentityProvider } from './provider/identity-provider.ts';
import type { RevocationFollower } from './revocations/follower.ts';

/** How a service identifies its callers, ready for use. */
export interface Identity {
  readonly authenticate: Authenticate;
  /** What `authenticate` checks: also ends subscriptions of revoked tokens. @default no token is revoked */
  readonly revocations?: Pick<RevocationFollower, 'set' | 'status'> | undefined;
}

/**
 * Who says who a caller is: an identity provider, by its issuer; a function, alone or with the time that its answers are
 * kept; or an {@link Identity}, such as that of a {@link Membership} in this mesh's own auth service.
 */
export type IdentitySource = IdentityProvider | IdentifyCaller | IdentifyOptions | Identity;

export interface IdentityOptions {
  log: Logger;
  /** @default its own */
  clock?: SteadyClock;
}

/**
 * Opens a source of identity: an issuer's keys are fetched from now on, until it is closed.
 *
 * @throws TypeError for options that could verify no token, or tokens that anyone could sign.
 *
 * @example
 * const { authenticate, close } = openIdentity(
 *   { issuer: 'https://login.example.com', audience: 'https://shop.example' },
 *   { log },
 * );
 * const caller = await authenticate({ authorization: request.headers.authorization, userToken: undefined });
 * close();
 */
export function openIdentity(
  source: IdentitySource,
  { log, clock = new SteadyClock() }: IdentityOptions,
): Identity & { close(): void } {
  if (typeof source === 'function')
    return { authenticate: byFunction({ identify: source }, clock), close() {} };
  if ('identify' in source) return { authenticate: byFunction(source, clock), close() {} };
  if ('authenticate' in source) return { ...source, close() {} };
  const { verifier, keys } = openProvider(source, { log, clock });
  const { revocations } = source;
  return {
    authenticate: authenticateBy(verifier, { revocations: revocations?.set, clock }),
    revocations,
    close: () => keys.close(),
  };
}
