import { serviceName, type MeshMap } from '@arcadium/contracts/dashboard';
import { EdgeRecord } from './edge-record.ts';
import { mapAt, type NodeStatus } from './mesh-map.ts';
import { meshState } from './mesh-state.ts';
import { Meters } from './meters.ts';
import { ProcessCounters, type ReadAt } from '@arcadium/mesh/exposition';
import type { ProcessRecord } from './process-record.ts';
import type { Check, Round } from '../round.ts';
import { ServiceRecord } from './service-record.ts';
import { Timeline } from '../metrics/timeline.ts';
import { WorstStatuses } from './worst-statuses.ts';

/** Most services and edges that are told apart. */
export const mapBounds = { services: 500, edges: 2000 } as const;

/** The figures of the map are those of this time, in milliseconds. */
const windowMs = 10_000;
const minuteMs = 60_000;
/** Rounds without an answer after which the state of a process is unknown. */
const silentRounds = 3;

export interface LiveMapOptions {
  /** Between two rounds, in milliseconds. */
  intervalMs: number;
  /** The status of all watched services now. */
  statuses: () => readonly NodeStatus[];
  /** Called when the metrics of a process cannot be read, and, without a problem, when they can again. */
  onProblem: (process: Readonly<{ service: string; url: string; problem: string | undefined }>) => void;
  /** A clock that does not jump, in milliseconds. @default performance.now */
  nowMs?: () => number;
}

/** The mesh after a round, and, each minute, the mesh of that minute. */
export type Observed = Readonly<{ map: MeshMap; minute: MeshMap | undefined }>;

/** Who calls whom, from what all processes answer. */
export class LiveMap {
  readonly #options: Required<LiveMapOptions>;
  readonly #rounds: Timeline;
  readonly #minutes = new Timeline(61);
  readonly #services = new Map<string, ServiceRecord>();
  readonly #edges = new Map<string, EdgeRecord>();
  readonly #worst = new WorstStatuses();
  #roundAtMs: number | undefined;
  /** Start of the minute that runs. */
  #minuteMs: number | undefined;

  constructor(options: LiveMapOptions) {
    this.#options = { nowMs: () => performance.now(), ...options };
    this.#rounds = new Timeline(Math.min(1 + Math.ceil(minuteMs / options.intervalMs), 121));
  }

  /** Takes the answers of a round. */
  observe({ checks, targets, at }: Round): Observed {
    const nowMs = this.#options.nowMs();
    this.#forget(new Set(targets.map(keyOf)));
    const roundMs = nowMs - (this.#roundAtMs ?? nowMs - this.#options.intervalMs);
    for (const check of checks) this.#read(check, { nowMs, roundMs });
    this.#roundAtMs = nowMs;
    this.#silence(nowMs);
    for (const edge of this.#edges.values()) edge.observe(nowMs);
    this.#rounds.mark(nowMs);
    this.#worst.observe(this.#options.statuses(), (service) => this.#isShedding(service));
    return { map: this.view(at), minute: this.#minute(at, nowMs) };
  }

  /** The mesh after the last round. @param at Milliseconds since 1970. */
  view(at: number): MeshMap {
    return mapAt({
      at,
      nowMs: this.#options.nowMs(),
      statuses: this.#options.statuses(),
      isShedding: (service) => this.#isShedding(service),
      edges: this.#edges,
      services: this.#services,
      span: this.#rounds.last(windowMs),
      minute: false,
    });
  }

  /** The figures of one service; `undefined` if none of its processes was ever asked. */
  service(name: string): ServiceRecord | undefined {
    return this.#services.get(name);
  }

  nowMs(): number {
    return this.#options.nowMs();
  }

  /** The spans of the figures of a service. */
  spans() {
    return { window: this.#rounds.last(windowMs), minute: this.#rounds.last(minuteMs) };
  }

  #minute(at: number, nowMs: number): MeshMap | undefined {
    this.#minuteMs ??= this.#startMinutes(nowMs);
    // Half a round early is nearer than half a round late.
    if (nowMs - this.#minuteMs < minuteMs - this.#options.intervalMs / 2) return undefined;
    this.#minuteMs = nowMs;
    this.#minutes.mark(nowMs);
    return mapAt({
      at,
      nowMs,
      ...this.#worst.take(),
      edges: this.#edges,
      services: this.#services,
      span: this.#rounds.last(minuteMs),
      minute: true,
    });
  }

  #startMinutes(nowMs: number): number {
    this.#minutes.mark(nowMs);
    return nowMs;
  }

  #isShedding(service: string): boolean {
    return this.#services.get(service)?.shedding ?? false;
  }

  #read({ service, url, at, metrics, mesh }: Check, now: Omit<ReadAt, 'at'>): void {
    const record = this.#serviceOf(service);
    if (!record) return;
    const process = record.process(url);
    if (metrics !== undefined) this.#readMetrics({ service, record, process }, metrics, { ...now, at });
    const { data } = meshState.safeParse(mesh);
    if (!data) return;
    process.tell(data, now.nowMs);
    for (const edge of this.#edges.values()) if (edge.caller === service) edge.facts.delete(url);
    for (const { target, ...facts } of data.targets) {
      const edge = this.#edge(service, target);
      if (edge) edge.facts.set(url, [...(edge.facts.get(url) ?? []), facts]);
    }
  }

  #readMetrics(
    { service, record, process }: { service: string; record: ServiceRecord; process: ProcessRecord },
    metrics: string,
    now: ReadAt,
  ): void {
    process.counters ??= this.#countersOf(service, record, process);
    let problem: string | undefined;
    try {
      process.counters.read(metrics, now);
      process.finish(now.nowMs);
    } catch (error) {
      problem = error instanceof Error ? error.message : String(error);
    }
    if (problem === process.problem) return;
    process.problem = problem;
    this.#options.onProblem({ service, url: process.url, problem });
  }

  #countersOf(service: string, record: ServiceRecord, process: ProcessRecord): ProcessCounters {
    const meters = new Meters({
      service: record,
      process,
      edgeTo: (target) => this.#edge(service, target),
      edgeFrom: (caller) => this.#edge(nodeOf(caller), service),
    });
    return new ProcessCounters((series) => meters.of(series));
  }

  #silence(nowMs: number): void {
    const longestMs = silentRounds * this.#options.intervalMs;
    for (const [name, { processes }] of this.#services)
      for (const process of processes.values()) {
        if (nowMs - process.readMs > longestMs) process.silence();
        if (!process.mesh || nowMs - process.meshMs <= longestMs) continue;
        process.mesh = undefined;
        for (const edge of this.#edges.values()) if (edge.caller === name) edge.facts.delete(process.url);
      }
  }

  /** Forgets processes that are no longer watched, and services and edges without one. */
  #forget(watched: ReadonlySet<string>): void {
    for (const [service, record] of this.#services) {
      for (const [url, process] of record.processes) {
        if (watched.has(keyOf({ service, url }))) continue;
        process.end();
        record.processes.delete(url);
        for (const edge of this.#edges.values()) if (edge.caller === service) edge.facts.delete(url);
      }
      if (record.processes.size > 0) continue;
      record.end();
      this.#services.delete(service);
    }
    for (const [key, edge] of this.#edges) {
      if (this.#services.has(edge.caller) || this.#services.has(edge.target)) continue;
      edge.end();
      this.#edges.delete(key);
    }
  }

  #serviceOf(name: string): ServiceRecord | undefined {
    const known = this.#services.get(name);
    if (known || this.#services.size >= mapBounds.services) return known;
    const record = new ServiceRecord({ rounds: this.#rounds, minutes: this.#minutes });
    this.#services.set(name, record);
    return record;
  }

  /** @returns `undefined` if a name cannot be that of a service, or for one edge too many. */
  #edge(caller: string, target: string): EdgeRecord | undefined {
    const key = `${caller} ${target}`;
    const known = this.#edges.get(key);
    if (known || this.#edges.size >= mapBounds.edges) return known;
    if (!serviceName.safeParse(caller).success || !serviceName.safeParse(target).success) return undefined;
    const edge = new EdgeRecord(this.#rounds, { caller, target });
    this.#edges.set(key, edge);
    return edge;
  }
}

/** The node of a value of the label `caller`: a service's name, a user's role, or `anyone`. */
function nodeOf(caller: string): string {
  return caller === 'admin' ? 'user' : caller;
}

function keyOf({ service, url }: Readonly<{ service: string; url: string }>): string {
  return `${service} ${url}`;
}
