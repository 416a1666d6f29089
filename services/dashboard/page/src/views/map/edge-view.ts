import type { MapEdge } from '@arcadium/contracts/dashboard';
import { pathOf, type Curve, type Point } from './geometry.ts';
import style from './scene.module.css';
import { set, setText, svg } from './svg.ts';
import { flagOf, labelOf, moodOf } from './words.ts';

/** Width of a letter of a flag, in pixels. */
const letter = 6.1;

/** One edge: its line, and above it its figures and what is unusual. */
export class EdgeView {
  readonly line = svg('path', { class: style.line ?? '', fill: 'none' });
  /** Wide and invisible, to be hit by a pointer. */
  readonly target = svg('path', { class: style.target ?? '', fill: 'none' });
  readonly words = svg('g', { class: style.words ?? '' });
  readonly #label = svg('text', { class: style.label ?? '' });
  readonly #flag = svg('g', { class: style.flag ?? '', transform: 'translate(0 17)' });
  readonly #pill = svg('rect', { rx: 4, height: 18, y: -9 });
  readonly #flagText = svg('text', { y: 4 });
  curve: Curve | undefined;
  edge: MapEdge;

  constructor(edge: MapEdge) {
    this.edge = edge;
    this.#flag.append(this.#pill, this.#flagText);
    this.words.append(this.#label, this.#flag);
    this.show(edge);
  }

  show(edge: MapEdge): void {
    this.edge = edge;
    const mood = moodOf(edge);
    const breaker = edge.resilience?.breaker ?? 'closed';
    const width = edge.rate === 0 ? 1 : 1 + Math.min(3, Math.log10(1 + edge.rate));
    set(this.line, { 'data-mood': mood, 'data-breaker': breaker, 'stroke-width': width.toFixed(1) });
    set(this.words, { 'data-mood': mood, 'data-edge': `${edge.caller} ${edge.target}` });
    setText(this.#label, labelOf(edge));
    const flag = flagOf(edge) ?? '';
    setText(this.#flagText, flag);
    const wide = flag.length * letter + 14;
    set(this.#pill, { width: wide, x: -wide / 2 });
    set(this.#flag, { visibility: flag === '' ? 'hidden' : 'visible' });
  }

  place(curve: Curve): void {
    this.curve = curve;
    const path = pathOf(curve);
    set(this.line, { d: path });
    set(this.target, { d: path });
  }

  placeWords({ x, y }: Point): void {
    set(this.words, { transform: `translate(${x.toFixed(1)} ${y.toFixed(1)})` });
  }

  /** Room that its words need, in pixels. */
  get size(): { width: number; height: number } {
    const flag = flagOf(this.edge);
    const letters = Math.max(labelOf(this.edge).length, flag?.length ?? 0);
    return { width: letters * letter + 14, height: flag === null ? 16 : 54 };
  }

  light(isLit: boolean, isSelected: boolean): void {
    for (const element of [this.line, this.words]) {
      element.classList.toggle(style.lit ?? '', isLit);
      element.classList.toggle(style.selected ?? '', isSelected);
    }
  }
}
