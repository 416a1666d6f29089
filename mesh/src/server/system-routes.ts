import type { Health } from '../health/index.ts';
import { exposition } from '../telemetry/index.ts';
import type { JsonAnswer, Route } from './answer.ts';

/** The paths that every service answers whoever asks: what it is and how it is. */
export function systemRoutes(health: Health): Record<string, Route> {
  return {
    '/health': async () => {
      const report = await health.report();
      return { status: report.status === 'unhealthy' ? 503 : 200, body: report };
    },
    '/api/status': async () => {
      const report = await health.status();
      return { status: report.status === 'unhealthy' ? 503 : 200, body: report };
    },
    '/livez': (): JsonAnswer => ({ status: 200, body: { status: 'alive' } }),
    '/metrics': async () => {
      const { text, contentType } = await exposition();
      return { status: 200, text, headers: { 'content-type': contentType } };
    },
    '/readyz': async () => {
      const reason = await health.notReady();
      return reason === undefined
        ? { status: 200, body: { status: 'ready' } }
        : { status: 503, body: { status: 'not ready', reason } };
    },
  };
}
