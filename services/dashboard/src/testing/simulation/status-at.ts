import type {
  HistoryPoint,
  Incident,
  Replica,
  ServiceOverview,
  ServiceStatus,
} from '@arcadium/contracts/dashboard';
import type { Outages } from './outages.ts';
import { noise, sway } from './random.ts';
import type { Topology } from './topology.ts';

/** A mesh at one moment. */
export interface Moment {
  readonly topology: Topology;
  readonly outages: Outages;
  /** In milliseconds since 1970. */
  readonly at: number;
}

const dependenciesOf = (service: string, { topology }: Moment): string[] =>
  topology.edges.filter(({ caller }) => caller === service).map(({ target }) => target);

export function statusAt(service: string, moment: Moment): ServiceStatus {
  if (moment.outages.at(service, moment.at)) return 'unhealthy';
  const broken = dependenciesOf(service, moment).some((target) => moment.outages.at(target, moment.at));
  return broken ? 'degraded' : 'healthy';
}

const responseTime = (service: string, at: number): number =>
  Math.round((2 + 9 * noise(service)) * sway(service, at, 0.4) * 10) / 10;

function replicasOf(service: string, moment: Moment): Replica[] {
  const status = statusAt(service, moment);
  const down = status === 'unhealthy';
  const port = 5000 + moment.topology.services.indexOf(service);
  return Array.from({ length: 1 + Math.floor(noise(service, 'replicas') * 3) }, (_, index) => ({
    url: `http://10.0.${index}.1:${port}`,
    status,
    checkedAt: new Date(moment.at).toISOString(),
    responseTimeMs: down ? null : responseTime(service, moment.at + index),
    version: down ? null : '0.1.0',
    uptime: down ? null : Math.floor(90_000 * noise(service, index) + (moment.at % 86_400_000) / 1000),
    database: down ? null : 'connected',
    dependencies: down
      ? []
      : dependenciesOf(service, moment).map((name) => ({
          name,
          status: moment.outages.at(name, moment.at) ? 'unhealthy' : 'healthy',
          responseTimeMs: responseTime(name, moment.at),
        })),
    reason: reasonOf(service, moment),
  }));
}

function reasonOf(service: string, moment: Moment): string | null {
  const status = statusAt(service, moment);
  if (status === 'unhealthy') return 'connection refused (ECONNREFUSED)';
  if (status === 'healthy') return null;
  const broken = dependenciesOf(service, moment).filter((target) => moment.outages.at(target, moment.at));
  return `${broken.join(', ')} ${broken.length === 1 ? 'does' : 'do'} not answer`;
}

/** Checks of the time before `moment.at`, oldest first. */
export function historyAt(
  service: string,
  moment: Moment,
  { points, partMs }: { points: number; partMs: number },
): HistoryPoint[] {
  return Array.from({ length: points }, (_, index) => {
    const at = moment.at - (points - index) * partMs;
    const outage = moment.outages.of(service).find(({ from, to }) => from < at + partMs && to > at);
    const mean = responseTime(service, at);
    return {
      at: new Date(at).toISOString(),
      up: outage
        ? 1 - Math.min(1, (Math.min(outage.to, at + partMs) - Math.max(outage.from, at)) / partMs)
        : 1,
      status: outage ? 'unhealthy' : 'healthy',
      responseTimeMs: outage ? null : mean,
      slowestMs: outage ? null : Math.round(mean * (1.4 + 3 * noise(service, at)) * 10) / 10,
    };
  });
}

/** Incidents of one service until then, newest first. */
export function incidentsOf(service: string, { topology, outages, at }: Moment): Incident[] {
  return outages
    .of(service)
    .filter(({ from }) => from <= at)
    .map(({ from, to }, index) => ({
      id: topology.services.indexOf(service) * 100 + index + 1,
      service,
      startedAt: new Date(from).toISOString(),
      endedAt: to <= at ? new Date(to).toISOString() : null,
      reason: 'connection refused (ECONNREFUSED)',
    }))
    .toReversed();
}

export function overviewOf(service: string, moment: Moment): ServiceOverview {
  const replicas = replicasOf(service, moment);
  const incident = incidentsOf(service, moment)[0];
  const share = (spanMs: number): number => {
    const lost = moment.outages
      .of(service)
      .reduce(
        (sum, { from, to }) =>
          sum + Math.max(0, Math.min(to, moment.at) - Math.max(from, moment.at - spanMs)),
        0,
      );
    return 1 - lost / spanMs;
  };
  return {
    service,
    status: statusAt(service, moment),
    checkedAt: new Date(moment.at).toISOString(),
    responseTimeMs: replicas[0]?.responseTimeMs ?? null,
    replicas,
    uptime: { day: share(86_400_000), week: share(7 * 86_400_000), month: share(30 * 86_400_000) },
    strip: historyAt(service, moment, { points: 60, partMs: 60_000 }),
    incident: incident?.endedAt === null ? incident : null,
  };
}
