import type { Replica, ServiceStatus } from '@arcadium/contracts/dashboard';
import { dependenciesOf, reasonOf, statusOfService } from './health-words.ts';
import type { Check, Round, Target } from './round.ts';

/** A service as its last checks found it. */
export interface LiveService {
  readonly service: string;
  readonly status: ServiceStatus;
  readonly checkedAt: string | null;
  /** Of the slowest replica. */
  readonly responseTimeMs: number | null;
  readonly replicas: Replica[];
}

export interface LiveStatusOptions {
  /** The replicas before the first round. */
  targets: readonly Target[];
  /** Age at which an answer is stale, in milliseconds. */
  staleAfterMs: number;
  /** Milliseconds since 1970. */
  now: () => number;
}

/** What is kept of a check: its metrics may be long. */
type Known = Pick<Check, 'at' | 'responseTimeMs' | 'report' | 'problem'>;

/** The last check of each replica, in memory. */
export class LiveStatus {
  readonly #options: LiveStatusOptions;
  #targets: readonly Target[];
  #checks = new Map<string, Known>();

  constructor(options: LiveStatusOptions) {
    this.#options = options;
    this.#targets = options.targets;
  }

  /** Takes the checks of a round, and forgets replicas that are no longer watched. */
  record({ targets, checks }: Round): void {
    for (const check of checks) {
      const { at, responseTimeMs, report, problem } = check;
      this.#checks.set(keyOf(check), { at, responseTimeMs, report, problem });
    }
    this.#targets = targets;
    const watched = new Set(targets.map(keyOf));
    for (const key of this.#checks.keys()) if (!watched.has(key)) this.#checks.delete(key);
  }

  has(service: string): boolean {
    return this.#targets.some((target) => target.service === service);
  }

  /** All services, by name. */
  services(): LiveService[] {
    const names = [...new Set(this.#targets.map(({ service }) => service))].toSorted();
    return names.map((name) => this.#service(name));
  }

  #service(service: string): LiveService {
    const own = this.#targets.filter((target) => target.service === service);
    const replicas = own.map(({ url }) => this.#replica({ service, url }));
    const times = replicas.flatMap(({ responseTimeMs }) => responseTimeMs ?? []);
    return {
      service,
      status: statusOfService(replicas),
      checkedAt:
        replicas
          .flatMap(({ checkedAt }) => checkedAt ?? [])
          .toSorted()
          .at(-1) ?? null,
      responseTimeMs: times.length > 0 ? Math.max(...times) : null,
      replicas,
    };
  }

  #replica(target: Target): Replica {
    const check = this.#checks.get(keyOf(target));
    const report = check?.report;
    const { status, reason } = this.#judge(check);
    return {
      url: target.url,
      status,
      checkedAt: check ? new Date(check.at).toISOString() : null,
      responseTimeMs: check?.responseTimeMs ?? null,
      version: report?.version ?? null,
      uptime: report?.uptime ?? null,
      database: report?.database ?? null,
      dependencies: report ? dependenciesOf(report) : [],
      reason,
    };
  }

  #judge(check: Known | undefined): { status: ServiceStatus; reason: string | null } {
    if (!check) return { status: 'unknown', reason: 'not checked yet' };
    const ageMs = this.#options.now() - check.at;
    if (ageMs > this.#options.staleAfterMs)
      return { status: 'stale', reason: `last checked ${Math.round(ageMs / 1000)} s ago` };
    return { status: check.report?.status ?? 'unhealthy', reason: reasonOf(check) };
  }
}

function keyOf({ service, url }: Target): string {
  return `${service} ${url}`;
}
