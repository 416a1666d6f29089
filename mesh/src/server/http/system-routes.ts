import { exposition } from '../../telemetry/index.ts';
import { MeshError } from '../../wire/index.ts';
import type { JsonAnswer, Route } from './answer.ts';
import { meshRoute } from './mesh-route.ts';
import { createNetworkCheck } from '../call/peer.ts';
import type { Service } from '../service.ts';

/** The routes that every service has. */
export function systemRoutes(service: Service): Record<string, Route> {
  const { health } = service;
  return {
    '/api/mesh': meshRoute(service),
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
