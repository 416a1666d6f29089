import type { ClockStatus } from '../clock/index.ts';
import type { Readiness } from './readiness.ts';
import { shared, timed, type HealthStatus, type Probe, type ProbeResult } from './probe.ts';

/** Body of `GET /health`. */
export interface HealthReport {
  status: HealthStatus;
  service: string;
  version: string;
  database: DatabaseStatus;
  dependencies: Record<string, HealthStatus>;
  /** Time of the report, ISO 8601 in UTC. */
  timestamp: string;
}

/** Body of `GET /api/status`. */
export interface StatusReport {
  service: string;
  status: HealthStatus;
  /** Age of the process, in seconds. */
  uptime: number;
  version: string;
  database: DatabaseStatus;
  dependencies: Record<string, { status: HealthStatus; response_time_ms: number }>;
}

export type DatabaseStatus = 'connected' | 'disconnected';

/** The health of one process. */
export interface Health {
  report(): Promise<HealthReport>;
  status(): Promise<StatusReport>;
  /** Why this process does not accept calls: its stage, or `database`; `undefined` if it does. Probes only its own database. */
  notReady(): Promise<string | undefined>;
  /** When probes found its own database away. */
  readonly outage: DatabaseOutage;
}

/** The last time that a database did not answer. */
export interface DatabaseOutage {
  /** Its end, on the clock of `performance.now()`: `Infinity` until it answers, `-Infinity` if it always did. */
  readonly until: number;
  /** Probes the database again. */
  look(): void;
}

export interface HealthOptions {
  service: string;
  version: string;
  readiness: Readiness;
  /** Rejects if the service's own database does not answer. */
  pingDatabase: () => Promise<void>;
  /** Whether the database accepts writes; if not, the dependency `database_writes` is unhealthy. @default always */
  takesWrites?: (() => boolean) | undefined;
  /** A probe of each service that this one calls, by name. */
  dependencies: Readonly<Record<string, Probe>>;
  /** Compares this machine's clock; while that is wrong, the dependency `clock` is unhealthy. */
  clock?: { status(): ClockStatus } | undefined;
}

/**
 * Makes the health of one process. Unhealthy: its own database is down, or the
 * process is starting or draining. Degraded: a dependency is not healthy, the
 * database accepts no writes, or the clock is wrong.
 */
export function createHealth(options: HealthOptions): Health {
  const { service, version, readiness, dependencies, clock, takesWrites = () => true } = options;
  const askDatabase = timed(options.pingDatabase);
  const database = shared(async () => {
    const result = await askDatabase();
    if (result.status !== 'healthy') outage.until = Infinity;
    else if (outage.until === Infinity) outage.until = performance.now();
    return result;
  });
  const outage = { until: -Infinity, look: () => void database() };

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
    outage,
  };
}

function mapValues<From, To>(from: Record<string, From>, map: (value: From) => To): Record<string, To> {
  return Object.fromEntries(Object.entries(from).map(([key, value]) => [key, map(value)]));
}
