import { expect, test } from 'vitest';
import { mapAt } from '../../../../src/testing/simulation/map-at.ts';
import { Outages } from '../../../../src/testing/simulation/outages.ts';
import { topology } from '../../../../src/testing/simulation/topology.ts';
import type { Point } from './geometry.ts';
import { Layout } from './layout.ts';

const mesh = (services: number, edges: number) => mapAt(topology(services, edges), new Outages(), 0);
const wide = { width: 900, height: 570, extent: { width: 70, height: 24 } };
const narrow = { width: 326, height: 560, extent: { width: 50, height: 21 } };
const small = { width: 900, height: 570, extent: { width: 27, height: 15 } };

/** Pairs of nodes whose boxes cover each other. */
function covered(at: ReadonlyMap<string, Point>, { extent }: typeof wide): string[] {
  const nodes = [...at];
  return nodes.flatMap(([name, a], index) =>
    nodes
      .slice(index + 1)
      .filter(([, b]) => Math.abs(a.x - b.x) < 2 * extent.width && Math.abs(a.y - b.y) < 2 * extent.height)
      .map(([other]) => `${name} ${other}`),
  );
}

test.each([
  ['six services', mesh(6, 9), wide],
  ['six services on a phone', mesh(6, 9), narrow],
  ['100 services', mesh(100, 300), small],
])('%s: no node covers another or leaves the room', (_, map, room) => {
  const { at } = new Layout().update(map, room);
  expect(covered(at, room)).toEqual([]);
  const outside = [...at.values()].filter(({ x, y }) => x < 0 || y < 0 || x > room.width || y > room.height);
  expect(outside).toEqual([]);
});

test('the same map has the same places, whatever its figures', () => {
  const layout = new Layout();
  const { at } = layout.update(mesh(6, 9), wide);
  const later = mapAt(topology(6, 9), new Outages(), 7_777_777);
  expect(layout.update(later, wide)).toEqual({ at, changed: false });
  expect(new Layout().update(later, wide).at).toEqual(at);
});

test('callers are before their targets', () => {
  const { at } = new Layout().update(mesh(6, 9), wide);
  const x = (name: string) => at.get(name)?.x ?? NaN;
  expect(x('user')).toBeLessThan(x('wiki'));
  expect(x('auth')).toBeLessThan(x('search'));
});
