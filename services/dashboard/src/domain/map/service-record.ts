import type { ProcessFacts, ServiceView } from '@arcadium/contracts/dashboard';
import { ProcessRecord } from './process-record.ts';
import { Tallies, type Span, type Timeline } from '../metrics/timeline.ts';
import { noTraffic, Traffic, type TrafficFigures } from '../metrics/traffic.ts';

/** Most procedures of a service, and most callers of a procedure, that are told apart. */
const most = { procedures: 500, callers: 64 } as const;

/** The marks that a service is measured by: each round, and each minute. */
export interface Timelines {
  readonly rounds: Timeline;
  readonly minutes: Timeline;
}

/** The calls of one procedure, as its service counts them. */
export interface ProcedureRecord {
  readonly traffic: Traffic;
  readonly callers: Tallies;
}

/** The figures of a procedure; rates per second. */
export interface ProcedureFigures extends TrafficFigures {
  /** Of the last hour, most calls first. */
  callers: { caller: string; rate: number }[];
  /** Of all processes; `null` if no process tells. */
  limit: number | null;
  inFlight: number | null;
}

/** One watched service: its processes and its calls. */
export class ServiceRecord {
  readonly traffic: Traffic;
  readonly procedures = new Map<string, ProcedureRecord>();
  readonly processes = new Map<string, ProcessRecord>();
  readonly #timelines: Timelines;

  constructor(timelines: Timelines) {
    this.#timelines = timelines;
    this.traffic = new Traffic(timelines.rounds);
  }

  /** @returns `undefined` for one too many. */
  procedure(path: string): ProcedureRecord | undefined {
    const known = this.procedures.get(path);
    if (known || this.procedures.size >= most.procedures) return known;
    const { rounds, minutes } = this.#timelines;
    const record = { traffic: new Traffic(rounds), callers: new Tallies(minutes, most.callers) };
    this.procedures.set(path, record);
    return record;
  }

  process(url: string): ProcessRecord {
    let process = this.processes.get(url);
    if (!process) this.processes.set(url, (process = new ProcessRecord(this.#timelines.rounds, url)));
    return process;
  }

  /** Whether a process refuses calls for lack of capacity. */
  get shedding(): boolean {
    return [...this.processes.values()].some(({ mesh }) => mesh?.server.shedding);
  }

  facts(span: Span): ProcessFacts[] {
    return [...this.processes.values()].map((process) => process.facts(span));
  }

  /** The figures of a procedure, also of one that was never called. */
  figures(path: string, span: Span, nowMs: number): ProcedureFigures {
    const record = this.procedures.get(path);
    const gates = [...this.processes.values()].flatMap(
      ({ mesh }) => mesh?.server.procedures.find((one) => one.path === path) ?? [],
    );
    const sum = (of: 'limit' | 'in_flight') =>
      gates.length === 0 ? null : gates.reduce((total, gate) => total + gate[of], 0);
    return {
      ...(record?.traffic.figures(span) ?? noTraffic),
      callers: record?.callers.sinceOldest(nowMs).map(({ name, rate }) => ({ caller: name, rate })) ?? [],
      limit: sum('limit'),
      inFlight: sum('in_flight'),
    };
  }

  /** Of the process that knows the most: all of them read the same tables. `null` if the service has no outbox. */
  outbox(now: number): ServiceView['outbox'] {
    const processes = [...this.processes.values()];
    const highest = (key: string) =>
      processes.reduce<number | null>((found, process) => {
        const value = process.value(key);
        return value === null ? found : Math.max(found ?? 0, value);
      }, null);
    const waiting = highest('outbox_waiting');
    if (waiting === null) return null;
    const oldest = highest('outbox_oldest_seconds');
    return {
      waiting: Math.round(waiting),
      oldestAt: oldest === null || waiting === 0 ? null : new Date(now - oldest * 1000).toISOString(),
      givenUp: Math.round(highest('outbox_given_up_kept') ?? 0),
    };
  }

  /** The keys that its processes sign with, in the order that a process tells them; `null` if none tells. */
  get keys(): ServiceView['keys'] {
    for (const { mesh } of this.processes.values())
      if (mesh?.identity?.keys)
        return mesh.identity.keys.map(({ kid, state, changes_in_seconds }) => ({
          kid,
          state,
          changesInSeconds: changes_in_seconds,
        }));
    return null;
  }

  end(): void {
    this.traffic.end();
    for (const { traffic, callers } of this.procedures.values()) {
      traffic.end();
      callers.end();
    }
    for (const process of this.processes.values()) process.end();
  }
}
