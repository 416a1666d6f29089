import type { ServiceStatus } from '@arcadium/contracts/dashboard';
import type { LiveService } from './live-status.ts';
import type { Round } from './round.ts';

/** What a round found out about one service. */
export interface Sample {
  readonly service: string;
  /** In milliseconds since 1970. */
  readonly at: number;
  readonly status: ServiceStatus;
  /** Of the slowest replica that answered; null without an answer. */
  readonly responseTimeMs: number | null;
  /** Why the service does not serve; null while it does. */
  readonly reason: string | null;
}

/** Whether a check of a service failed: no replica serves. */
export function hasFailed({ status }: Pick<Sample, 'status'>): boolean {
  return status === 'unhealthy';
}

/** The services that a round has checked. @param services After the round. */
export function samplesOf({ at, checks }: Round, services: readonly LiveService[]): Sample[] {
  const checked = new Set(checks.map(({ service }) => service));
  return services
    .filter(({ service }) => checked.has(service))
    .map(({ service, status, responseTimeMs, replicas }) => ({
      service,
      at,
      status,
      responseTimeMs,
      reason: hasFailed({ status }) ? (replicas.find(({ reason }) => reason !== null)?.reason ?? null) : null,
    }));
}
