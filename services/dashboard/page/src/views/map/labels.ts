import { along, type Curve, type Extent, type Point } from './geometry.ts';

/** What is written on an edge. */
export interface Label {
  readonly curve: Curve;
  /** Size of the words, in pixels. */
  readonly width: number;
  readonly height: number;
}

/** Places on the curve to try, best first. */
const shares = [0.5, 0.42, 0.58, 0.34, 0.66, 0.26, 0.74, 0.18, 0.82];

type Box = { x: number; y: number; width: number; height: number };

/** A place for each label, in the order of their importance, where it covers neither a node nor an earlier label. */
export function placeLabels(labels: readonly Label[], nodes: readonly Point[], extent: Extent): Point[] {
  const taken: Box[] = nodes.map(({ x, y }) => ({
    x,
    y,
    width: extent.width * 2,
    height: extent.height * 2,
  }));
  return labels.map(({ curve, width, height }) => {
    const tried = shares.map((share) => {
      const box = { ...along(curve, share), width, height };
      return { box, covered: taken.reduce((sum, other) => sum + overlap(box, other), 0) };
    });
    const best = tried.reduce((least, each) => (each.covered < least.covered ? each : least));
    taken.push(best.box);
    return { x: best.box.x, y: best.box.y };
  });
}

/** Area that two boxes share; their places are their centres. */
function overlap(a: Box, b: Box): number {
  const wide = (a.width + b.width) / 2 - Math.abs(a.x - b.x);
  const high = (a.height + b.height) / 2 - Math.abs(a.y - b.y);
  return wide > 0 && high > 0 ? wide * high : 0;
}
