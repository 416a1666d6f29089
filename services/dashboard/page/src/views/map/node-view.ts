import type { MapNode } from '@arcadium/contracts/dashboard';
import { shapes } from '../../components/status-mark.tsx';
import { percent, rate } from '../../format.ts';
import type { Extent, Point } from './geometry.ts';
import style from './scene.module.css';
import { set, setText, svg } from './svg.ts';
import { callerName } from './words.ts';

/** One node: a link to its service, or a caller outside of the mesh. */
export class NodeView {
  readonly root: SVGAElement | SVGGElement;
  readonly #box = svg('rect', { rx: 8, class: style.box ?? '' });
  readonly #shape = svg('path', { fill: 'currentColor', class: style.shape ?? '' });
  readonly #name = svg('text', { class: style.name ?? '' });
  readonly #figures = svg('text', { class: style.figures ?? '' });

  constructor({ service, kind }: MapNode) {
    const isService = kind === 'service';
    this.root = isService ? svg('a', { href: `/services/${service}` }) : svg('g', {});
    set(this.root, { class: style.node ?? '', 'data-service': service, 'data-kind': kind });
    this.root.append(this.#box, this.#shape, this.#name, this.#figures);
    // With a space before the figures, for screen readers.
    setText(this.#name, `${callerName(service)} `);
  }

  show(node: MapNode, { width, height }: Extent, isSmall: boolean): void {
    const isService = node.kind === 'service';
    set(this.root, { 'data-status': node.status, 'data-small': String(isSmall) });
    const figures = isSmall || !isService ? '' : figuresOf(node);
    setText(this.#figures, figures);
    if (isService) set(this.root, { 'aria-label': `${node.service} ${figuresOf(node)}, ${node.status}` });
    set(this.#shape, { d: isService ? shapes[node.status] : shapes.unknown });
    if (isSmall) {
      set(this.#box, { width: 0, height: 0 });
      set(this.#shape, { transform: 'translate(-7 -7) scale(1.17)' });
      set(this.#name, { x: 0, y: 20, 'text-anchor': 'middle' });
      return;
    }
    set(this.#box, { x: -width, y: -height, width: 2 * width, height: 2 * height });
    set(this.#shape, { transform: `translate(${-width + 8} ${figures === '' ? -6 : -12})` });
    set(this.#name, { x: -width + 25, y: figures === '' ? 4 : -2, 'text-anchor': 'start' });
    set(this.#figures, { x: -width + 25, y: 14, 'text-anchor': 'start' });
  }

  place({ x, y }: Point): void {
    set(this.root, { transform: `translate(${x.toFixed(1)} ${y.toFixed(1)})` });
  }
}

function figuresOf({ status, rate: perSecond, success, shedding }: MapNode): string {
  if (shedding) return 'sheds calls';
  if (status === 'unhealthy') return 'unhealthy';
  return success !== null && success < 0.9995
    ? `${rate(perSecond)}/s · ${percent(success)}`
    : `${rate(perSecond)}/s`;
}
