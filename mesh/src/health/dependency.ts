import { request } from 'undici';
import { shared, timed, type HealthStatus, type Probe } from './probe.ts';

/**
 * A probe of another service: asks its `/readyz`, which answers for that
 * process alone, so that two services that need each other never ask in a
 * circle.
 *
 * Of several endpoints all are asked at once: the service is healthy if all
 * are, unhealthy if all are, and degraded otherwise, for it still serves. A
 * name with several addresses is asked as a name: one of them answers.
 *
 * @param url Where the service is, as `http://localhost:8000`; or each of its endpoints.
 */
export function probeService(url: string | readonly string[]): Probe {
  const probes = [url].flat().map(probeEndpoint);
  return shared(async () => {
    const results = await Promise.all(probes.map((probe) => probe()));
    const all = (status: HealthStatus) => results.every((result) => result.status === status);
    return {
      status: all('healthy') ? 'healthy' : all('unhealthy') ? 'unhealthy' : 'degraded',
      responseTimeMs: Math.max(0, ...results.map(({ responseTimeMs }) => responseTimeMs)),
    };
  });
}

/**
 * A probe of something that is degraded at the best while there is trouble
 * with it that its own `/readyz` knows nothing of.
 *
 * @param trouble Asked at each look.
 */
export function degradedWhile(trouble: () => boolean, probe: Probe): Probe {
  return async () => {
    const result = await probe();
    return result.status === 'healthy' && trouble() ? { ...result, status: 'degraded' } : result;
  };
}

function probeEndpoint(url: string): Probe {
  const target = new URL('/readyz', url).href;
  return timed(async (signal) => {
    const answer = await request(target, { signal });
    await answer.body.dump();
    if (answer.statusCode !== 200) throw new Error(`${target} answered ${answer.statusCode}`);
  });
}
