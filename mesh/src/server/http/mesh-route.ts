import { remainingTokenLife, type RevocationStatus } from '../../identity/index.ts';
import { targetStates } from '../../telemetry/index.ts';
import type { Service } from '../service.ts';
import type { Route } from './answer.ts';

/**
 * Makes the route `/api/mesh`: the endpoints that this process calls, its identity, its database, and its load.
 */
export function meshRoute(service: Service): Route {
  const { name, options, admission } = service;
  return () => {
    const { procedures, queued, eventLoopDelayMs, shedding } = admission.snapshot();
    const identity = identityOf(service);
    const database = options.reportDatabase?.();
    return {
      status: 200,
      body: {
        service: name,
        version: options.version,
        contract: service.contractHash() ?? null,
        timestamp: new Date().toISOString(),
        targets: targetStates(),
        ...(Object.keys(identity).length > 0 && { identity }),
        ...(database && { database }),
        server: {
          shedding,
          clients: service.sessions.clients(),
          queued,
          event_loop_delay_ms: Math.round(eventLoopDelayMs),
          procedures: procedures.map(({ path, limit, inFlight }) => ({ path, limit, in_flight: inFlight })),
        },
      },
    };
  };
}

function identityOf({ name, options: { revocations, reportSigningKeys } }: Service) {
  const remaining = remainingTokenLife(name);
  return {
    ...(revocations && { revocations: present(revocations.status()) }),
    ...(remaining !== undefined && { token: { remaining_seconds: remaining } }),
    ...(reportSigningKeys && { keys: reportSigningKeys() }),
  };
}

function present({ state, size, position, confirmedMsAgo }: RevocationStatus) {
  return { state, size, position, confirmed_ms_ago: confirmedMsAgo ?? null };
}
