import type { MapEdge } from '@arcadium/contracts/dashboard';
import { along, type Curve } from './geometry.ts';

/** Pixels a second. */
const speed = 55;
const mostDots = 600;

interface Stream {
  curve: Curve;
  dots: number;
  /** Share of the dots that are failed calls. */
  failed: number;
}

/** Calls as dots that move along the edges; the more calls, the more dots, by powers of ten. */
export class Flow {
  readonly canvas = document.createElement('canvas');
  readonly #context = this.canvas.getContext('2d');
  #streams: Stream[] = [];
  #colours = { calm: '', failed: '' };
  #radius = 3;
  #size = { width: 0, height: 0 };

  resize(width: number, height: number): void {
    const density = Math.min(2, globalThis.devicePixelRatio);
    this.#size = { width, height };
    this.canvas.width = width * density;
    this.canvas.height = height * density;
    this.#context?.setTransform(density, 0, 0, density, 0, 0);
  }

  /** Reads the colours of the theme, of an element with these custom properties. */
  paint(element: Element): void {
    const values = getComputedStyle(element);
    this.#colours = { calm: values.color, failed: values.outlineColor };
  }

  /** @param isSmall Fewer and smaller dots, for a map of many edges. */
  show(edges: Iterable<{ edge: MapEdge; curve: Curve | undefined }>, isSmall: boolean): void {
    this.#streams = [];
    this.#radius = isSmall ? 2 : 3;
    const mostOfEdge = isSmall ? 2 : 6;
    let left = mostDots;
    for (const { edge, curve } of edges) {
      if (!curve || edge.rate === 0) continue;
      const dots = Math.min(mostOfEdge, left, 1 + Math.floor(2 * Math.log10(1 + edge.rate)));
      left -= dots;
      this.#streams.push({ curve, dots, failed: 1 - (edge.success ?? 1) });
    }
  }

  /** @param now In milliseconds. */
  draw(now: number): void {
    const context = this.#context;
    if (!context) return;
    this.clear();
    for (const kind of ['calm', 'failed'] as const) {
      context.fillStyle = this.#colours[kind];
      context.beginPath();
      for (const { curve, dots, failed } of this.#streams) {
        const travelled = (now / 1000) * (speed / Math.max(40, curve.length));
        const bad = failed < 0.005 ? 0 : Math.max(1, Math.round(dots * failed));
        for (let dot = 0; dot < dots; dot++) {
          if (dot < bad !== (kind === 'failed')) continue;
          const { x, y } = along(curve, (travelled + dot / dots) % 1);
          context.moveTo(x + this.#radius, y);
          context.arc(x, y, this.#radius, 0, 2 * Math.PI);
        }
      }
      context.fill();
    }
  }

  clear(): void {
    this.#context?.clearRect(0, 0, this.#size.width, this.#size.height);
  }
}
