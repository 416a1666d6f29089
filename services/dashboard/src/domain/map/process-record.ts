import type { ProcessFacts } from '@arcadium/contracts/dashboard';
import type { MeshState } from './mesh-state.ts';
import type { Meter, ProcessCounters } from '@arcadium/mesh/exposition';
import { StatementCounts } from './statement-counts.ts';
import { Tally, type Span, type Timeline } from '../metrics/timeline.ts';

/** The gauges of a process that the dashboard shows, by metric and the values of these labels. */
const gauges: Readonly<Record<string, readonly string[]>> = {
  process_resident_memory_bytes: [],
  database_pool_connections: ['state'],
  database_pool_max_connections: [],
  mesh_service_token_remaining_seconds: [],
  outbox_waiting: [],
  outbox_oldest_seconds: [],
  outbox_given_up_kept: [],
};

/** What is known of one process. */
export class ProcessRecord {
  readonly url: string;
  readonly #cpu: Tally;
  #values = new Map<string, number>();
  #next = new Map<string, number>();
  /** When its metrics were last read, on a clock that does not jump. */
  readMs = -Infinity;
  mesh: MeshState | undefined;
  readonly statements: StatementCounts;
  /** When `mesh` was read. */
  meshMs = -Infinity;
  counters: ProcessCounters | undefined;
  /** Why its metrics cannot be read; `undefined` while they can. */
  problem: string | undefined;

  constructor(timeline: Timeline, url: string) {
    this.url = url;
    this.#cpu = new Tally(timeline);
    this.statements = new StatementCounts(timeline);
  }

  /** The use of a metric of the process itself. */
  meterOf(name: string, labels: Readonly<Record<string, string>>): Meter | undefined {
    if (name === 'process_cpu_seconds_total') return { kind: 'counter', add: (more) => this.#cpu.add(more) };
    const by = Object.hasOwn(gauges, name) ? gauges[name] : undefined;
    if (!by) return undefined;
    const key = [name, ...by.map((label) => labels[label] ?? '')].join(' ');
    // A process may have several databases.
    return { kind: 'gauge', set: (value) => this.#next.set(key, (this.#next.get(key) ?? 0) + value) };
  }

  /** Replaces the values of the text before, so that a gauge that is gone has none. */
  finish(nowMs: number): void {
    this.#values = this.#next;
    this.#next = new Map();
    this.readMs = nowMs;
  }

  value(key: string): number | null {
    return this.#values.get(key) ?? null;
  }

  /** Takes an answer of `/api/mesh`. @param nowMs On a clock that does not jump. */
  tell(mesh: MeshState, nowMs: number): void {
    this.mesh = mesh;
    this.meshMs = nowMs;
    this.statements.read(mesh.database?.statements ?? []);
  }

  facts(span: Span): ProcessFacts {
    const { server, identity } = this.mesh ?? {};
    const whole = (key: string) => rounded(this.value(key));
    return {
      url: this.url,
      cpu: span.seconds > 0 && this.#values.size > 0 ? Number(this.#cpu.rate(span).toFixed(4)) : null,
      memoryBytes: this.value('process_resident_memory_bytes'),
      eventLoopDelayMs: server?.event_loop_delay_ms ?? null,
      poolUsed: whole('database_pool_connections used'),
      poolMax: whole('database_pool_max_connections'),
      queued: server?.queued ?? null,
      shedding: server?.shedding ?? false,
      tokenLifeSeconds:
        this.value('mesh_service_token_remaining_seconds') ?? identity?.token?.remaining_seconds ?? null,
      revocations: identity?.revocations?.state ?? null,
    };
  }

  /** Forgets what it told, because it tells nothing any more. */
  silence(): void {
    this.#values = new Map();
  }

  end(): void {
    this.#cpu.end();
    this.statements.end();
  }
}

function rounded(value: number | null): number | null {
  return value === null ? null : Math.round(value);
}
