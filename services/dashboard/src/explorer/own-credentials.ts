import type { Caller } from '@arcadium/mesh/contract';
import { currentScope } from '@arcadium/mesh/telemetry';
import { userTokenScheme } from '@arcadium/mesh/client';

/** The `authorization` header of the user who is calling; `undefined` without one. */
export function userCredentials(): string | undefined {
  const userToken = currentScope()?.userToken;
  return userToken === undefined ? undefined : `${userTokenScheme} ${userToken}`;
}

/** The same, if they are an administrator: for what only administrators may read in a service. */
export function adminCredentials({ user, service }: Caller): string | undefined {
  return user?.role === 'admin' && !service ? userCredentials() : undefined;
}
