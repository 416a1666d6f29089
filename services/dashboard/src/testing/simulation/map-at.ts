import type { MapEdge, MapNode, MeshMap } from '@arcadium/contracts/dashboard';
import type { Outages } from './outages.ts';
import { noise, sway } from './random.ts';
import { statusAt } from './status-at.ts';
import type { Edge, Topology } from './topology.ts';

/** The map of one moment. */
export function mapAt(topology: Topology, outages: Outages, at: number): MeshMap {
  const edges = [
    ...topology.edges.map((edge) => ({
      ...edge,
      ...traffic(edge, outages, at),
      resilience: resilience(edge, outages, at),
    })),
    ...topology.outside.map((edge) => ({ ...edge, ...traffic(edge, outages, at), resilience: null })),
  ];
  return {
    at: new Date(at).toISOString(),
    nodes: [
      ...topology.services.map((service) => node(service, { topology, outages, at, edges })),
      ...(['user', 'anyone'] as const).map((kind) => outsider(kind)),
    ],
    edges,
  };
}

type Traffic = Pick<MapEdge, 'rate' | 'success' | 'p50' | 'p95' | 'p99'>;

function traffic({ caller, target }: Edge, outages: Outages, at: number): Traffic {
  const key = `${caller} ${target}`;
  const rate = round(10 ** (0.3 + 2 * noise(key, 'rate')) * sway(key, at, 0.3));
  if (outages.at(target, at)) return { rate: round(rate / 4), success: 0, p50: null, p95: null, p99: null };
  const p50 = round((1 + 14 * noise(key, 'p50')) * sway(target, at, 0.25));
  const success = noise(key, Math.floor(at / 2000)) > 0.85 ? 0.998 : 1;
  return { rate, success, p50, p95: round(p50 * 3.2), p99: round(p50 * 7.5) };
}

function resilience(
  { caller, target }: Edge,
  outages: Outages,
  at: number,
): NonNullable<MapEdge['resilience']> {
  const outage = outages.at(target, at);
  const recovered = outages.since(target, at);
  const endpoints = 1 + Math.floor(noise(target, 'replicas') * 3);
  const calm = { endpoints, failovers: 0, doubts: 0, hedges: 0, ejected: 0 };
  if (outage) {
    const refused = round(20 * sway(`${caller} ${target}`, at, 0.2));
    return {
      ...calm,
      breaker: at - outage.from < 1000 ? 'closed' : 'open',
      ejected: Math.floor(endpoints / 2),
      retryBudget: 0,
      retries: 0.4,
      refused,
      doubts: 0.1,
      reasons: [
        `the breaker of ${target} is open: the last 5 calls failed with ECONNREFUSED`,
        `${refused}/s calls were not sent, because no breaker let them through`,
        'the retry budget is used up: failed calls are not repeated',
      ],
    };
  }
  if (recovered < 2000)
    return {
      ...calm,
      breaker: 'half-open',
      retryBudget: 2,
      retries: 0.1,
      refused: 1,
      reasons: [`the breaker of ${target} is half-open: one call at a time tries whether it answers`],
    };
  return { ...calm, breaker: 'closed', retryBudget: 10, retries: 0, refused: 0, reasons: [] };
}

interface Scene {
  readonly topology: Topology;
  readonly outages: Outages;
  readonly at: number;
  readonly edges: readonly MapEdge[];
}

function node(service: string, { topology, outages, at, edges }: Scene): MapNode {
  const incoming = edges.filter(({ target }) => target === service);
  const rate = incoming.reduce((sum, edge) => sum + edge.rate, 0);
  const down = outages.at(service, at) !== undefined;
  const p50 = down ? null : round((1 + 14 * noise(service, 'p50')) * sway(service, at, 0.25));
  return {
    service,
    kind: 'service',
    status: statusAt(service, { topology, outages, at }),
    replicas: 1 + Math.floor(noise(service, 'replicas') * 3),
    shedding: false,
    rate: down ? 0 : round(rate),
    success: down ? null : 1,
    p50,
    p95: p50 === null ? null : round(p50 * 3.2),
    p99: p50 === null ? null : round(p50 * 7.5),
  };
}

function outsider(kind: 'user' | 'anyone'): MapNode {
  const none = { rate: 0, success: null, p50: null, p95: null, p99: null };
  return { service: kind, kind, status: 'unknown', replicas: 0, shedding: false, ...none };
}

const round = (value: number): number => Math.round(value * 10) / 10;
