export interface Point {
  x: number;
  y: number;
}

/** The curve of an edge: from border to border, bent to its right, so that opposite edges do not cover each other. */
export interface Curve {
  from: Point;
  control: Point;
  to: Point;
  /** Of the arrow's tip, in radians. */
  angle: number;
  /** Of the straight line, in pixels. */
  length: number;
}

/** Half of the size of a node, in pixels. */
export type Extent = Readonly<{ width: number; height: number }>;

/** Room between an arrow's tip and its node, in pixels. */
const gap = 4;

/** Bends to try, as shares of the distance. */
const bends = [0.12, 0.24, -0.24, 0.4, -0.4, 0.6, -0.6];

/** The first curve that passes none of the obstacles, which are centres of nodes; without one, the least bent. */
export function curveAround(
  ends: { from: Point; to: Point },
  extent: Extent,
  obstacles: readonly Point[],
): Curve {
  const curves = bends.map((bend) => curve(ends, extent, bend));
  const isFree = (tried: Curve): boolean =>
    !obstacles.some((node) => samples.some((share) => isWithin(along(tried, share), node, extent)));
  return curves.find(isFree) ?? curve(ends, extent, bends[0]);
}

const samples = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9];

function isWithin(point: Point, node: Point, { width, height }: Extent): boolean {
  return Math.abs(point.x - node.x) < width + 6 && Math.abs(point.y - node.y) < height + 6;
}

function curve({ from, to }: { from: Point; to: Point }, extent: Extent, share = 0): Curve {
  const [dx, dy] = [to.x - from.x, to.y - from.y];
  const distance = Math.hypot(dx, dy) || 1;
  const bend = Math.abs(share) > 0.12 ? distance * share : Math.min(36, distance * share);
  const control = {
    x: (from.x + to.x) / 2 - (dy / distance) * bend,
    y: (from.y + to.y) / 2 + (dx / distance) * bend,
  };
  const start = border(from, control, extent);
  const end = border(to, control, extent);
  return {
    from: start,
    control,
    to: end,
    angle: Math.atan2(end.y - control.y, end.x - control.x),
    length: Math.hypot(end.x - start.x, end.y - start.y),
  };
}

/** Where the line from a node's centre leaves its box. */
function border(centre: Point, towards: Point, { width, height }: Extent): Point {
  const [dx, dy] = [towards.x - centre.x, towards.y - centre.y];
  const share = Math.min(
    dx === 0 ? Infinity : (width + gap) / Math.abs(dx),
    dy === 0 ? Infinity : (height + gap) / Math.abs(dy),
    1,
  );
  return { x: centre.x + dx * share, y: centre.y + dy * share };
}

/** A place on the curve. @param share From 0, the caller, to 1, the target. */
export function along({ from, control, to }: Curve, share: number): Point {
  const rest = 1 - share;
  return {
    x: rest * rest * from.x + 2 * rest * share * control.x + share * share * to.x,
    y: rest * rest * from.y + 2 * rest * share * control.y + share * share * to.y,
  };
}

/** The curve and its arrow, as data of an SVG path. */
export function pathOf({ from, control, to, angle }: Curve): string {
  const wing = (turn: number): string => {
    const at = angle + Math.PI + turn;
    return `${fixed(to.x + 7 * Math.cos(at))} ${fixed(to.y + 7 * Math.sin(at))}`;
  };
  return (
    `M${fixed(from.x)} ${fixed(from.y)}Q${fixed(control.x)} ${fixed(control.y)} ${fixed(to.x)} ${fixed(to.y)}` +
    `M${wing(0.45)}L${fixed(to.x)} ${fixed(to.y)}L${wing(-0.45)}`
  );
}

const fixed = (value: number): string => value.toFixed(1);
