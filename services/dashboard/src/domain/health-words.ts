import type { Replica, ServiceStatus } from '@arcadium/contracts/dashboard';
import type { Check, StatusReport } from './round.ts';

/** Status of a service: what its replicas together mean for a caller. One that answers is enough to serve. */
export function statusOfService(replicas: readonly Pick<Replica, 'status'>[]): ServiceStatus {
  const seen = new Set(replicas.map(({ status }) => status));
  const [only] = seen;
  if (only !== undefined && seen.size === 1) return only;
  if (seen.has('healthy') || seen.has('degraded')) return 'degraded';
  return worst(seen);
}

const order: readonly ServiceStatus[] = ['healthy', 'degraded', 'unknown', 'stale', 'unhealthy'];

function worst(seen: Iterable<ServiceStatus>): ServiceStatus {
  return [...seen].reduce<ServiceStatus>(
    (one, other) => (order.indexOf(other) > order.indexOf(one) ? other : one),
    'unknown',
  );
}

/** Why the last check found a replica not healthy, in words; null if it was healthy. */
export function reasonOf({ report, problem }: Pick<Check, 'report' | 'problem'>): string | null {
  if (!report) return problem ?? 'no answer';
  if (report.status === 'healthy') return null;
  const reasons = [
    ...(report.database === 'disconnected' ? ['its database is disconnected'] : []),
    ...dependenciesOf(report)
      .filter(({ status }) => status !== 'healthy')
      .map(({ name, status }) => `${name} is ${status}`),
  ];
  return reasons.join(', ') || 'it is starting or stopping';
}

export function dependenciesOf({ dependencies }: StatusReport): Replica['dependencies'] {
  return Object.entries(dependencies).map(([name, one]) => ({
    name,
    status: one.status,
    responseTimeMs: one.response_time_ms,
  }));
}
