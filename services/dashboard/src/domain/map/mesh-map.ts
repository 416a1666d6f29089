import type { MapNode, MeshMap, ServiceStatus } from '@arcadium/contracts/dashboard';
import type { EdgeRecord } from './edge-record.ts';
import type { ServiceRecord } from './service-record.ts';
import type { Span } from '../metrics/timeline.ts';
import { noTraffic } from '../metrics/traffic.ts';

/** How long an edge is shown without a call, and without a process that tells of it, in milliseconds. */
const forgetMs = 3_600_000;

/** A watched service, as its checks show it. */
export interface NodeStatus {
  readonly service: string;
  readonly status: ServiceStatus;
  readonly replicas: readonly unknown[];
}

export interface MapSource {
  /** Milliseconds since 1970. */
  readonly at: number;
  /** On a clock that does not jump. */
  readonly nowMs: number;
  readonly statuses: readonly NodeStatus[];
  readonly isShedding: (service: string) => boolean;
  readonly edges: ReadonlyMap<string, EdgeRecord>;
  readonly services: ReadonlyMap<string, ServiceRecord>;
  /** Of the figures. */
  readonly span: Span;
  /** Whether the edges show their worst state since the last time that they did. */
  readonly minute: boolean;
}

/** The mesh as the contract shows it: watched services, and all that call or are called. */
export function mapAt(source: MapSource): MeshMap {
  const { at, nowMs, statuses, isShedding, span, minute } = source;
  const edges = [];
  for (const edge of source.edges.values()) {
    const around = { shedding: isShedding(edge.target) };
    const view = minute ? edge.minute(span, around) : edge.view(span, around);
    // A service may have a client of itself for what others ask of it, and never use it.
    const unusedLoop = edge.caller === edge.target && !edge.called;
    if (nowMs - edge.seenMs < forgetMs && !unusedLoop) edges.push(view);
  }
  const nodes = new Map(statuses.map((status) => [status.service, nodeOf(status, source)]));
  for (const { caller, target } of edges)
    for (const service of [caller, target])
      if (!nodes.has(service))
        nodes.set(service, nodeOf({ service, status: 'unknown', replicas: [] }, source));
  return { at: new Date(at).toISOString(), nodes: [...nodes.values()], edges };
}

function nodeOf(
  { service, status, replicas }: NodeStatus,
  { isShedding, services, span }: MapSource,
): MapNode {
  const figures = services.get(service)?.traffic.figures(span);
  return {
    service,
    kind: service === 'user' || service === 'anyone' ? service : 'service',
    status,
    replicas: replicas.length,
    shedding: isShedding(service),
    ...(figures ?? noTraffic),
  };
}
