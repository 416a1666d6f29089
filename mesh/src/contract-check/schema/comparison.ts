import type { Report } from '../finding.ts';
import type { Direction } from '../severity.ts';
import type { Node } from './node.ts';

/** Two versions of a schema, or of one part of it, at one place. */
export interface Pair {
  readonly old: Node;
  readonly next: Node;
  readonly place: string;
}

/** What a comparison of one schema shares among its parts. */
export interface Comparison {
  readonly direction: Exclude<Direction, 'call'>;
  readonly roots: Readonly<{ old: Node; next: Node }>;
  readonly report: Report;
  /** Compares two parts. */
  readonly parts: (pair: Pair) => void;
}
