import type { MeshMap } from '@arcadium/contracts/dashboard';
import {
  forceCollide,
  forceLink,
  forceManyBody,
  forceSimulation,
  forceX,
  forceY,
  type SimulationNodeDatum,
} from 'd3-force';
import type { Point } from './geometry.ts';
import { margin, separate, type Room } from './separate.ts';

interface Placed extends SimulationNodeDatum {
  id: string;
  /** Fewest calls from outside to here. */
  depth: number;
}

/** Steps of the forces for a new map, and for one that has changed a little. */
const steps = { first: 300, change: 120 };

/**
 * Places of the nodes: callers before targets, from left to right, or from top to bottom where the room is higher than
 * wide. The same map in the same room has the same places; nodes that stay keep theirs as well as they can.
 */
export class Layout {
  #placed = new Map<string, Placed>();
  #topology = '';
  #fitted = new Map<string, Point>();

  /** @returns The places, and whether they differ from the last ones. */
  update(
    { nodes, edges }: Pick<MeshMap, 'nodes' | 'edges'>,
    room: Room,
  ): { at: ReadonlyMap<string, Point>; changed: boolean } {
    const topology = JSON.stringify([
      room,
      nodes.map(({ service }) => service).toSorted(),
      edges.map(({ caller, target }) => `${caller} ${target}`).toSorted(),
    ]);
    if (topology === this.#topology) return { at: this.#fitted, changed: false };
    this.#topology = topology;
    this.#place({ nodes, edges }, room);
    this.#fitted = separate(fit([...this.#placed.values()], room), room);
    return { at: this.#fitted, changed: true };
  }

  #place({ nodes, edges }: Pick<MeshMap, 'nodes' | 'edges'>, { width, height, extent }: Room): void {
    const isFirst = this.#placed.size === 0;
    const depths = depthsOf({ nodes, edges });
    const isWide = width >= height;
    const deepest = Math.max(1, ...depths.values());
    const step = (isWide ? width : height) / (deepest + 1);
    const towards = (depth: number): number => (depth - deepest / 2) * step;
    this.#placed = new Map(
      nodes
        .map(({ service }) => service)
        .toSorted()
        .map((id, index) => {
          const depth = depths.get(id) ?? deepest;
          const across = ((index * 0.618) % 1) * (isWide ? height : width) * 0.8;
          const [x, y] = isWide ? [towards(depth), across] : [across, towards(depth)];
          return [id, { x, y, ...this.#placed.get(id), id, depth }];
        }),
    );
    const all = [...this.#placed.values()];
    const links = edges
      .filter(({ caller, target }) => this.#placed.has(caller) && this.#placed.has(target))
      .map(({ caller, target }) => ({ source: caller, target }));
    const radius = Math.hypot(extent.width, extent.height) * 1.1;
    const along = isWide
      ? forceX<Placed>(({ depth }) => towards(depth))
      : forceY<Placed>(({ depth }) => towards(depth));
    const across = isWide ? forceY<Placed>(0) : forceX<Placed>(0);
    const simulation = forceSimulation(all)
      .stop()
      .force(
        'links',
        forceLink<Placed, { source: string | Placed; target: string | Placed }>(links)
          .id(({ id }) => id)
          .distance(step)
          .strength(0.08),
      )
      .force('charge', forceManyBody().strength(-radius * 14))
      .force('along', along.strength(nodes.length > 24 ? 0.2 : 0.6))
      .force('across', across.strength(0.09))
      .force('collide', forceCollide(radius));
    simulation.tick(isFirst ? steps.first : steps.change);
  }
}

/** Fewest calls from outside the mesh, or from a service that none calls. */
function depthsOf({ nodes, edges }: Pick<MeshMap, 'nodes' | 'edges'>): Map<string, number> {
  const called = new Set(edges.map(({ target }) => target));
  const depths = new Map(
    nodes
      .filter(({ kind, service }) => kind !== 'service' || !called.has(service))
      .map(({ service }) => [service, 0]),
  );
  let edge = [...depths.keys()];
  for (let depth = 1; edge.length > 0; depth++) {
    const callers = new Set(edge);
    edge = [
      ...new Set(
        edges
          .filter(({ caller, target }) => callers.has(caller) && !depths.has(target))
          .map(({ target }) => target),
      ),
    ];
    for (const service of edge) depths.set(service, depth);
  }
  return depths;
}

/** Stretches the places over the room. */
function fit(placed: readonly Placed[], { width, height, extent }: Room): Map<string, Point> {
  const scale = (values: number[], size: number, half: number): ((value: number) => number) => {
    const [least, most] = [Math.min(...values), Math.max(...values)];
    const room = size - 2 * (half + margin);
    const share = most === least ? 0 : room / (most - least);
    return (value) => (share === 0 ? size / 2 : half + margin + (value - least) * share);
  };
  const x = scale(
    placed.map((node) => node.x ?? 0),
    width,
    extent.width,
  );
  const y = scale(
    placed.map((node) => node.y ?? 0),
    height,
    extent.height,
  );
  return new Map(placed.map((node) => [node.id, { x: x(node.x ?? 0), y: y(node.y ?? 0) }]));
}
