import type { Caller } from '../contract/index.ts';
import type { RevocationStatus } from '../identity/index.ts';
import { targetStates } from '../telemetry/index.ts';
import { MeshError } from '../wire/index.ts';
import type { Route } from './answer.ts';
import { credentialsOf } from './request-context.ts';
import type { Service } from './service.ts';

/**
 * Makes the route that tells how this process stands to the services that it
 * calls, endpoint by endpoint, how it learns of revocations, and how much it has to do itself. For services
 * and administrators: it says where everything is.
 */
export function meshRoute({ name, options, admission }: Service): Route {
  return async (request) => {
    mustBeTrusted(await options.authenticate(credentialsOf(request)));
    const { procedures, queued, eventLoopDelayMs, shedding } = admission.snapshot();
    return {
      status: 200,
      body: {
        service: name,
        version: options.version,
        timestamp: new Date().toISOString(),
        targets: targetStates(),
        ...(options.revocations && { identity: { revocations: present(options.revocations.status()) } }),
        server: {
          shedding,
          queued,
          event_loop_delay_ms: Math.round(eventLoopDelayMs),
          procedures: procedures.map(({ path, limit, inFlight }) => ({ path, limit, in_flight: inFlight })),
        },
      },
    };
  };
}

function present({ state, size, position, confirmedMsAgo }: RevocationStatus) {
  return { state, size, position, confirmed_ms_ago: confirmedMsAgo ?? null };
}

/** @throws MeshError UNAUTHORIZED, FORBIDDEN */
function mustBeTrusted({ service, user }: Caller): void {
  if (service || user?.role === 'admin') return;
  if (user) throw new MeshError('FORBIDDEN', 'This path is for services and administrators');
  throw new MeshError('UNAUTHORIZED', 'This path needs credentials');
}
