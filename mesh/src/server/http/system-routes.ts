import type { Service } from '../service.ts';
import type { JsonAnswer, Route } from './answer.ts';
import { contractRoutes } from './contract-route.ts';
import { guarded, operators } from './guarded.ts';
import { meshRoute } from './mesh-route.ts';
import { metricsRoute } from './metrics-route.ts';
import { tapRoute } from '../tap/tap-route.ts';

/** The routes that every service has. */
export function systemRoutes(service: Service): Record<string, Route> {
  const { health } = service;
  return {
    '/api/mesh': guarded(service, { path: '/api/mesh', rule: operators }, meshRoute(service)),
    ...contractRoutes(service),
    ...tapRoute(service),
    '/health': async () => {
      const report = await health.report();
      return { status: report.status === 'unhealthy' ? 503 : 200, body: report };
    },
    '/api/status': async () => {
      const report = await health.status();
      return { status: report.status === 'unhealthy' ? 503 : 200, body: report };
    },
    '/livez': (): JsonAnswer => ({ status: 200, body: { status: 'alive' } }),
    ...(service.options.metricsPort === undefined && { '/metrics': metricsRoute(service) }),
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
