import type { Extent, Point } from './geometry.ts';

/** Room of the map, in pixels. */
export interface Room {
  readonly width: number;
  readonly height: number;
  /** Half of a node's size. */
  readonly extent: Extent;
}

/** Room around nodes, in pixels. */
export const margin = 12;
/** Times that all pairs are compared, at most. */
const mostRounds = 80;

/** Moves nodes apart that cover each other, by the shorter way, and keeps all within the room. */
export function separate(places: Map<string, Point>, room: Room): Map<string, Point> {
  const points = [...places.values()];
  for (let round = 0; round < mostRounds && pushAll(points, room); round++);
  return places;
}

function pushAll(points: readonly Point[], room: Room): boolean {
  let moved = false;
  for (const [index, a] of points.entries())
    for (const b of points.slice(index + 1)) if (push(a, b, room)) moved = true;
  return moved;
}

function push(a: Point, b: Point, { width, height, extent }: Room): boolean {
  const wide = 2 * extent.width + margin - Math.abs(a.x - b.x);
  const high = 2 * extent.height + margin - Math.abs(a.y - b.y);
  if (wide <= 0.5 || high <= 0.5) return false;
  const sides = [
    { axis: 'x', by: wide, most: width, half: extent.width },
    { axis: 'y', by: high, most: height, half: extent.height },
  ] as const;
  const [shorter, longer] = wide < high ? sides : sides.toReversed();
  // The edge of the room may stop them on the shorter way.
  if (shorter && longer && shift(a, b, shorter) < shorter.by / 2) shift(a, b, longer);
  return true;
}

interface Side {
  readonly axis: 'x' | 'y';
  /** How far they must part, in pixels. */
  readonly by: number;
  readonly most: number;
  readonly half: number;
}

/** @returns How far they parted. */
function shift(a: Point, b: Point, { axis, by, most, half }: Side): number {
  const before = Math.abs(a[axis] - b[axis]);
  const step = (by / 2) * (a[axis] <= b[axis] ? 1 : -1);
  const within = (value: number): number => Math.max(half + margin, Math.min(most - half - margin, value));
  a[axis] = within(a[axis] - step);
  b[axis] = within(b[axis] + step);
  return Math.abs(a[axis] - b[axis]) - before;
}
