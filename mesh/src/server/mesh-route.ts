import type { Authenticate } from '../identity/index.ts';
import { targetStates } from '../telemetry/index.ts';
import { MeshError } from '../wire/index.ts';
import type { Route } from './answer.ts';
import { credentialsOf } from './request-context.ts';

/**
 * Makes the route that tells how this process stands to the services that it
 * calls, endpoint by endpoint, and what it refuses itself. For services and
 * administrators: it says where everything is.
 */
export function meshRoute(options: { service: string; authenticate: Authenticate }): Route {
  const { service, authenticate } = options;
  return async (request) => {
    const caller = await authenticate(credentialsOf(request));
    if (!caller.service && !caller.user) throw new MeshError('UNAUTHORIZED', 'This path needs credentials');
    if (!caller.service && caller.user?.role !== 'admin')
      throw new MeshError('FORBIDDEN', 'This path is for services and administrators');
    return {
      status: 200,
      body: { service, timestamp: new Date().toISOString(), targets: targetStates() },
    };
  };
}
