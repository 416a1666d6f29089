import { setTimeout as delay } from 'node:timers/promises';
import { lookAtAll, type Seen } from '../health.ts';
import type { Kept } from './kept.ts';

/** Longest time for a start, in milliseconds. A first start on a busy machine is slow. */
const patienceMs = 180_000;

/** Interval of the checks, in milliseconds. */
const pollMs = 250;

/** The state of the services when there is nothing left to wait for. */
export interface Arrival {
  readonly seen: readonly Seen[];
  /** For display: a service that ended shows how. */
  readonly services: readonly Seen[];
  readonly healthy: boolean;
  /** What is wrong, one line for each problem. */
  readonly problems: readonly string[];
}

/**
 * Waits until every service is healthy or has ended. If one has ended, the services that depend on it stay
 * degraded and are not waited for.
 */
export async function arrive(
  urls: ReadonlyMap<string, readonly string[]>,
  services: readonly Kept[],
  signal: AbortSignal,
): Promise<Arrival> {
  const endings = () =>
    new Map(services.flatMap(({ name, ended }) => (ended === undefined ? [] : [[name, ended] as const])));
  const deadline = performance.now() + patienceMs;
  for (;;) {
    const seen = await lookAtAll(urls);
    const ended = endings();
    const goodEnough = ended.size > 0 ? ['healthy', 'degraded'] : ['healthy'];
    const settled = seen.every(({ name, status }) => ended.has(name) || goodEnough.includes(status));
    if (settled || performance.now() > deadline || signal.aborted) return describe(seen, ended);
    await delay(pollMs, undefined, { signal }).catch(() => {});
  }
}

function describe(seen: readonly Seen[], ended: ReadonlyMap<string, string>): Arrival {
  const services = seen.map((one) => {
    const how = one.status === 'healthy' ? undefined : ended.get(one.name);
    return how === undefined ? one : { ...one, status: `ended (${how})` };
  });
  const problems = services.flatMap(({ name, url, status }) => {
    if (status === 'healthy') return [];
    if (ended.has(name)) return [`${name} has ended; its log lines above say why`];
    if (ended.size > 0) return [];
    return status === 'down'
      ? [`${name} does not answer at ${url}, ${patienceMs / 1000} s after the start`]
      : [`${name} is ${status}, ${patienceMs / 1000} s after the start; see ${url}/health`];
  });
  return { seen, services, healthy: services.every(({ status }) => status === 'healthy'), problems };
}
