import type { ClockStatus } from '../clock/index.ts';
import type { Readiness } from './readiness.ts';
import { shared, timed, type HealthStatus, type Probe, type ProbeResult } from './probe.ts';

/** `GET /health`, as documented. */
export interface HealthReport {
  status: HealthStatus;
  service: string;
  version: string;
  database: DatabaseStatus;
  dependencies: Record<string, HealthStatus>;
  /** ISO 8601. */
  timestamp: string;
}

/** `GET /api/status`, as documented. */
export interface StatusReport {
  service: string;
  status: HealthStatus;
  /** In seconds. */
  uptime: number;
  version: string;
  database: DatabaseStatus;
  dependencies: Record<string, { status: HealthStatus; response_time_ms: number }>;
}

export type DatabaseStatus = 'connected' | 'disconnected';

/** What the health endpoints of one process answer. */
export interface Health {
  report(): Promise<HealthReport>;
  status(): Promise<StatusReport>;
  /** Why this process takes no calls now; `undefined` when it does. Asks nobody but its own database. */
  notReady(): Promise<string | undefined>;
}

export interface HealthOptions {
  service: string;
  version: string;
  readiness: Readiness;
  /** Throws when the service's own database does not answer. */
  pingDatabase: () => Promise<void>;
  /** Whether it takes writes; while not, that shows as the dependency `database_writes`. */
  takesWrites?: (() => boolean) | undefined;
  /** A probe for each service that this one calls. */
  dependencies: Readonly<Record<string, Probe>>;
  /** How the clock of this machine stands to that of others; while it is wrong, it shows as the dependency `clock`. */
  clock?: { status(): ClockStatus } | undefined;
}

/**
 * Makes the health of one process. Its own database gone, or itself not
 * started or about to end: unhealthy. A dependency not healthy, a database that
 * takes no writes, or a wrong clock: degraded, because it still serves what it can.
 */
export function createHealth(options: HealthOptions): Health {
  const { service, version, readiness, dependencies, clock, takesWrites = () => true } = options;
  const database = shared(timed(options.pingDatabase));

  const look = async () => {
    const names = Object.keys(dependencies);
    const [own, ...others] = await Promise.all([
      database(),
      ...Object.values(dependencies).map((probe) => probe()),
    ]);
    const results = Object.fromEntries(names.map((name, index) => [name, others[index] as ProbeResult]));
    const { wrong = false, responseTimeMs = 0 } = clock?.status() ?? {};
    if (wrong) results['clock'] = { status: 'unhealthy', responseTimeMs };
    if (!takesWrites())
      results['database_writes'] = { status: 'unhealthy', responseTimeMs: own.responseTimeMs };
    const connected = own.status === 'healthy';
    const whole = connected && readiness.stage === 'ready';
    const fine = Object.values(results).every(({ status }) => status === 'healthy');
    const status: HealthStatus = whole ? (fine ? 'healthy' : 'degraded') : 'unhealthy';
    return { status, database: connected ? ('connected' as const) : ('disconnected' as const), results };
  };

  return {
    async report() {
      const { status, database: databaseStatus, results } = await look();
      return {
        status,
        service,
        version,
        database: databaseStatus,
        dependencies: mapValues(results, (result) => result.status),
        timestamp: new Date().toISOString(),
      };
    },
    async status() {
      const { status, database: databaseStatus, results } = await look();
      return {
        service,
        status,
        uptime: Math.floor(process.uptime()),
        version,
        database: databaseStatus,
        dependencies: mapValues(results, (result) => ({
          status: result.status,
          response_time_ms: result.responseTimeMs,
        })),
      };
    },
    async notReady() {
      if (readiness.stage !== 'ready') return readiness.stage;
      return (await database()).status === 'healthy' ? undefined : 'database';
    },
  };
}

function mapValues<From, To>(from: Record<string, From>, map: (value: From) => To): Record<string, To> {
  return Object.fromEntries(Object.entries(from).map(([key, value]) => [key, map(value)]));
}
