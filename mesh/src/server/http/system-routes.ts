import { exposition } from '../../telemetry/index.ts';
import { MeshError } from '../../wire/index.ts';
import type { JsonAnswer, Route } from './answer.ts';
import { meshRoute } from './mesh-route.ts';
import { createNetworkCheck } from '../call/peer.ts';
import type { Service } from '../service.ts';

/** The paths that every service answers: what it is and how it is. */
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
      // At the end, so that whoever compares clocks by it does not count the wait for the database twice.
      const timestamp = new Date().toISOString();
      return reason === undefined
        ? { status: 200, body: { status: 'ready', timestamp } }
        : { status: 503, body: { status: 'not ready', reason, timestamp } };
    },
  };
}

/** Answers those that `metricsFrom` names; the others learn which address they have, since a proxy may hide it. */
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
