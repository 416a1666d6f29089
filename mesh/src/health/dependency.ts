import { request } from 'undici';
import { shared, timed, type HealthStatus, type Probe } from './probe.ts';

/**
 * Makes a probe of another service, which requests its `/readyz`. That answers
 * for its own process only, so probes of services that depend on each other do
 * not recurse.
 *
 * All endpoints are probed at the same time: the service is healthy or
 * unhealthy if all of them are, else degraded. A host name with several
 * addresses is probed once.
 *
 * @param url The endpoints, for example `http://localhost:8000`.
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
 * Makes a probe that is degraded at best under a condition that the
 * dependency's own `/readyz` does not cover.
 *
 * @param trouble The condition, evaluated by each probe.
 */
export function degradedWhile(trouble: () => boolean, probe: Probe): Probe {
  return async () => {
    const result = await probe();
    return result.status === 'healthy' && trouble() ? { ...result, status: 'degraded' } : result;
  };
}

function probeEndpoint(url: string): Probe {
  // A service that is mounted with a prefix has it in its URL.
  const target = `${url.replace(/\/$/, '')}/readyz`;
  return timed(async (signal) => {
    const answer = await request(target, { signal });
    await answer.body.dump();
    if (answer.statusCode !== 200) throw new Error(`${target} answered ${answer.statusCode}`);
  });
}
