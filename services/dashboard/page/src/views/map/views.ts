import type { MeshMap } from '@arcadium/contracts/dashboard';
import { EdgeView } from './edge-view.ts';
import { NodeView } from './node-view.ts';
import { svg } from './svg.ts';
import { keyOf } from './words.ts';

/** The drawn nodes and edges, each made once and kept as long as the map has it. */
export class Views {
  readonly nodes = new Map<string, NodeView>();
  readonly edges = new Map<string, EdgeView>();
  /** The table has the edges for those who cannot see them. */
  readonly #targets = svg('g', { 'aria-hidden': 'true' });
  readonly #lines = svg('g', { 'aria-hidden': 'true' });
  readonly #words = svg('g', { 'aria-hidden': 'true' });
  readonly #boxes = svg('g');
  /** From the lowest to the highest. */
  readonly layers = [this.#targets, this.#lines, this.#boxes, this.#words];

  /** Makes what is new, and removes what is gone. @returns The edges, with their new figures still to show. */
  keep({ nodes, edges }: MeshMap): EdgeView[] {
    for (const node of nodes)
      if (!this.nodes.has(node.service)) {
        const view = new NodeView(node);
        this.nodes.set(node.service, view);
        this.#boxes.append(view.root);
      }
    const nodeKeys = new Set(nodes.map(({ service }) => service));
    for (const [key, { root }] of this.nodes) if (!nodeKeys.has(key)) drop(this.nodes, key, [root]);
    const edgeKeys = new Set(edges.map(keyOf));
    for (const [key, { line, target, words }] of this.edges)
      if (!edgeKeys.has(key)) drop(this.edges, key, [line, target, words]);
    return edges.map((edge) => {
      const view = this.edges.get(keyOf(edge)) ?? this.#add(edge);
      view.edge = edge;
      return view;
    });
  }

  #add(edge: MeshMap['edges'][number]): EdgeView {
    const view = new EdgeView(edge);
    this.edges.set(keyOf(edge), view);
    for (const element of [view.line, view.target, view.words]) element.setAttribute('data-key', keyOf(edge));
    this.#targets.append(view.target);
    this.#lines.append(view.line);
    this.#words.append(view.words);
    return view;
  }
}

function drop<View>(views: Map<string, View>, key: string, elements: readonly Element[]): void {
  for (const element of elements) element.remove();
  views.delete(key);
}
