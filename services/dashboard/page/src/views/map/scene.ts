import type { MeshMap } from '@arcadium/contracts/dashboard';
import type { EdgeView } from './edge-view.ts';
import { Flow } from './flow.ts';
import { along, curveAround, type Extent, type Point } from './geometry.ts';
import { placeLabels } from './labels.ts';
import { Layout } from './layout.ts';
import style from './scene.module.css';
import { set, svg } from './svg.ts';
import { Views } from './views.ts';
import { flagOf, keyOf, moodOf } from './words.ts';

/** Above this number of nodes they are drawn small, and edges show their figures only when pointed at. */
const mostLarge = 24;
/** Edges that show new figures in one frame, so that a large map does not lose frames. */
const edgesPerFrame = 40;
/** Time in which nodes move to new places, in milliseconds. */
const moveMs = 500;

export interface SceneOptions {
  onSelect: (edge: string | null) => void;
  onOpen: (href: string) => void;
}

/** The drawing of a map: made once, then updated in place. */
export class Scene {
  readonly #host: HTMLElement;
  readonly #options: SceneOptions;
  readonly #svg = svg('svg', { role: 'group', 'aria-label': 'Services and the calls between them' });
  readonly #flow = new Flow();
  readonly #layout = new Layout();
  readonly #views = new Views();
  readonly #stopped = new AbortController();
  readonly #still = matchMedia('(prefers-reduced-motion: reduce)');
  #places = new Map<string, Point>();
  /** The edges with something unusual: when they change, words may need other places. */
  #flagged = '';
  #move: { from: Map<string, Point>; to: ReadonlyMap<string, Point>; since: number } | undefined;
  #map: MeshMap | undefined;
  #waiting: EdgeView[] = [];
  #selected: string | null = null;
  #pointed: string | null = null;
  #isLive = false;
  #frame = 0;

  constructor(host: HTMLElement, options: SceneOptions) {
    this.#host = host;
    this.#options = options;
    this.#svg.append(...this.#views.layers);
    this.#flow.canvas.setAttribute('aria-hidden', 'true');
    host.append(this.#flow.canvas, this.#svg);
    this.#listen();
    const sizes = new ResizeObserver(() => this.#resize());
    sizes.observe(host);
    this.#stopped.signal.addEventListener('abort', () => sizes.disconnect());
    this.#flow.paint(host);
  }

  /** @param isLive Whether dots move: a minute of the past stands still. */
  show(map: MeshMap, { selected, isLive }: { selected: string | null; isLive: boolean }): void {
    this.#map = map;
    this.#selected = selected;
    this.#isLive = isLive;
    this.#update();
  }

  stop(): void {
    this.#stopped.abort();
    cancelAnimationFrame(this.#frame);
    this.#host.replaceChildren();
  }

  #listen(): void {
    const { signal } = this.#stopped;
    this.#svg.addEventListener('click', (event) => this.#clicked(event), { signal });
    for (const type of ['pointerover', 'focusin'] as const)
      this.#svg.addEventListener(type, ({ target }) => this.#pointAt(keyAt(target)), { signal });
    for (const type of ['pointerleave', 'focusout'] as const)
      this.#svg.addEventListener(type, () => this.#pointAt(null), { signal });
    const repaint = (): void => this.#flow.paint(this.#host);
    globalThis.addEventListener('themechange', repaint, { signal });
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', repaint, { signal });
    this.#still.addEventListener('change', () => this.#update(), { signal });
  }

  #clicked(event: MouseEvent): void {
    const { target } = event;
    if (!(target instanceof Element)) return;
    const link = target.closest('a');
    if (link && !event.metaKey && !event.ctrlKey && !event.shiftKey) {
      event.preventDefault();
      this.#options.onOpen(link.getAttribute('href') ?? '/');
    } else if (!link) this.#options.onSelect(target.getAttribute('data-key'));
  }

  #pointAt(key: string | null): void {
    if (key === this.#pointed) return;
    this.#pointed = key;
    this.#light();
  }

  #light(): void {
    for (const [key, view] of this.#views.edges) {
      const ends = [view.edge.caller, view.edge.target];
      const isSelected = key === this.#selected;
      view.light(
        isSelected || key === this.#pointed || ends.some((end) => end === this.#pointed),
        isSelected,
      );
    }
    this.#svg.classList.toggle(style.pointing ?? '', this.#pointed !== null || this.#selected !== null);
  }

  #resize(): void {
    const { clientWidth: width, clientHeight: height } = this.#host;
    if (width === 0) return;
    this.#flow.resize(width, height);
    set(this.#svg, { viewBox: `0 0 ${width} ${height}` });
    this.#update();
  }

  get #isSmall(): boolean {
    return (this.#map?.nodes.length ?? 0) > mostLarge;
  }

  get #isNarrow(): boolean {
    return this.#host.clientWidth < 560;
  }

  get #extent(): Extent {
    if (this.#isSmall) return { width: 9, height: 9 };
    return this.#isNarrow ? { width: 50, height: 21 } : { width: 70, height: 24 };
  }

  /** Half of the room that a node needs: a small one has its name below. */
  get #reserved(): Extent {
    return this.#isSmall ? { width: 27, height: 15 } : this.#extent;
  }

  #update(): void {
    const map = this.#map;
    const { clientWidth: width, clientHeight: height } = this.#host;
    if (!map || width === 0) return;
    set(this.#svg, { 'data-small': String(this.#isSmall), 'data-narrow': String(this.#isNarrow) });
    this.#waiting = this.#views.keep(map);
    const { at, changed } = this.#layout.update(map, { width, height, extent: this.#reserved });
    for (const node of map.nodes)
      this.#views.nodes.get(node.service)?.show(node, this.#extent, this.#isSmall);
    const flagged = map.edges
      .filter((edge) => flagOf(edge) !== null)
      .map(keyOf)
      .join();
    if (changed) this.#moveTo(at);
    else if (flagged !== this.#flagged) this.#placeWords();
    this.#flagged = flagged;
    this.#light();
    if (this.#still.matches) {
      this.#showEdges(Infinity);
      this.#flow.clear();
    }
    this.#animate();
  }

  #moveTo(to: ReadonlyMap<string, Point>): void {
    const isFirst = this.#places.size === 0;
    if (isFirst || this.#still.matches) {
      this.#move = undefined;
      this.#place(new Map(to));
    } else this.#move = { from: this.#places, to, since: performance.now() };
  }

  #place(places: Map<string, Point>): void {
    this.#places = places;
    for (const [key, view] of this.#views.nodes) view.place(places.get(key) ?? { x: 0, y: 0 });
    for (const view of this.#views.edges.values()) {
      const { caller, target } = view.edge;
      const [from, to] = [places.get(caller), places.get(target)];
      const obstacles = this.#isSmall ? [] : [...places].filter(([key]) => key !== caller && key !== target);
      if (from && to)
        view.place(
          curveAround(
            { from, to },
            this.#extent,
            obstacles.map(([, place]) => place),
          ),
        );
    }
    this.#placeWords();
  }

  #placeWords(): void {
    const views = [...this.#views.edges.values()].flatMap((view) =>
      view.curve ? [{ view, curve: view.curve }] : [],
    );
    // A small map shows the words of edges with something unusual only.
    const shown = views
      .filter(({ view }) => !this.#isSmall || flagOf(view.edge) !== null)
      .toSorted((a, b) => importance(b.view) - importance(a.view));
    for (const { view, curve } of views) view.placeWords(along(curve, 0.5));
    const places = placeLabels(
      shown.map(({ view, curve }) => ({ curve, ...view.size })),
      [...this.#places.values()],
      this.#reserved,
    );
    for (const [index, place] of places.entries()) shown[index]?.view.placeWords(place);
  }

  #showEdges(most: number): void {
    for (const view of this.#waiting.splice(0, most)) view.show(view.edge);
    this.#flow.show(this.#views.edges.values(), this.#isSmall);
  }

  #animate(): void {
    cancelAnimationFrame(this.#frame);
    if (this.#still.matches) return;
    this.#frame = requestAnimationFrame((now) => {
      if (this.#move) this.#step(now);
      if (this.#waiting.length > 0) this.#showEdges(edgesPerFrame);
      if (this.#isLive) this.#flow.draw(now);
      else this.#flow.clear();
      if (this.#isLive || this.#move || this.#waiting.length > 0) this.#animate();
    });
  }

  #step(now: number): void {
    if (!this.#move) return;
    const { from, to, since } = this.#move;
    const share = Math.min(1, Math.max(0, (now - since) / moveMs));
    const eased = 1 - (1 - share) ** 3;
    if (share === 1) this.#move = undefined;
    this.#place(
      new Map(
        [...to].map(([key, end]) => {
          const start = from.get(key) ?? end;
          return [key, { x: start.x + (end.x - start.x) * eased, y: start.y + (end.y - start.y) * eased }];
        }),
      ),
    );
    this.#flow.show(this.#views.edges.values(), this.#isSmall);
  }
}

/** Whose words get their place first. */
function importance({ edge }: EdgeView): number {
  return { failing: 2000, uneasy: 1000, calm: 0 }[moodOf(edge)] + Math.min(999, edge.rate);
}

/** The edge or service that is drawn there. */
function keyAt(target: EventTarget | null): string | null {
  if (!(target instanceof Element)) return null;
  return (
    target.closest('[data-key]')?.getAttribute('data-key') ??
    target.closest('[data-service]')?.getAttribute('data-service') ??
    null
  );
}
