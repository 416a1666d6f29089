import { request } from 'undici';
import type { Tls } from '../tls/index.ts';
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
 * @param tls For endpoints with https. @default as Node verifies them
 */
export function probeService(url: string | readonly string[], tls?: Tls): Probe {
  const probes = [url].flat().map((endpoint) => probeEndpoint(endpoint, tls));
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

function probeEndpoint(url: string, tls: Tls | undefined): Probe {
  // A service that is mounted with a prefix has it in its URL.
  const target = `${url.replace(/\/$/, '')}/readyz`;
  return timed(async (signal) => {
    const answer = await request(target, { signal, ...(tls && { dispatcher: tls.dispatcher }) });
    await answer.body.dump();
    if (answer.statusCode !== 200) throw new Error(`${target} answered ${answer.statusCode}`);
  });
}
