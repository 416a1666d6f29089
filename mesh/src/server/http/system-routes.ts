import { admin, anyService, either, type Caller } from '../../contract/index.ts';
import type { RevocationStatus } from '../../identity/index.ts';
import { exposition, targetStates } from '../../telemetry/index.ts';
import { MeshError } from '../../wire/index.ts';
import type { JsonAnswer, Route } from './answer.ts';
import { credentialsOf, givenRequestId } from './request-headers.ts';
import { createNetworkCheck } from '../call/peer.ts';
import type { Service } from '../service.ts';

/** The routes that every service has. */
export function systemRoutes(service: Service): Record<string, Route> {
  const { health } = service;
  return {
    [meshPath]: meshRoute(service),
    '/health': async () => {
      const report = await health.report();
      return { status: report.status === 'unhealthy' ? 503 : 200, body: report };
    },
    '/api/status': async () => {
      const report = await health.status();
      return { status: report.status === 'unhealthy' ? 503 : 200, body: report };
    },
    '/livez': (): JsonAnswer => ({ status: 200, body: { status: 'alive' } }),
    '/metrics': metricsRoute(service),
    '/readyz': async () => {
      const reason = await health.notReady();
      // Read last: others compare their clocks with it, and the wait for the database would be an error.
      const timestamp = new Date().toISOString();
      return reason === undefined
        ? { status: 200, body: { status: 'ready', timestamp } }
        : { status: 503, body: { status: 'not ready', reason, timestamp } };
    },
  };
}

/** Refuses addresses outside `metricsFrom`; the message has the address, because a proxy may hide it. */
function metricsRoute({ options: { metricsFrom }, peerOf }: Service): Route {
  const isNamed = metricsFrom && createNetworkCheck(metricsFrom);
  return async (request) => {
    const { address } = peerOf(request);
    if (isNamed && (address === undefined || !isNamed(address)))
      throw new MeshError('FORBIDDEN', `METRICS_FROM does not include ${address ?? 'this caller'}`);
    const { text, contentType } = await exposition();
    return { status: 200, text, headers: { 'content-type': contentType } };
  };
}

const meshPath = '/api/mesh';

/** It shows the endpoints of the mesh. */
const asked = { path: meshPath, procedure: { access: either(admin, anyService) } };

/**
 * Makes the route `/api/mesh`, for services and administrators: the endpoints that this process calls, its revocation
 * list, and its load.
 */
function meshRoute({ name, options, admission, access, peerOf }: Service): Route {
  return async (request) => {
    const attempt = { requestId: givenRequestId(request), peer: peerOf(request) };
    let caller: Caller;
    try {
      caller = await options.authenticate(credentialsOf(request));
    } catch (thrown) {
      access.refused(thrown, meshPath, attempt);
      throw thrown;
    }
    access.authorise(asked, caller, attempt);
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
