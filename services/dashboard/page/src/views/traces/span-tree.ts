import type { Span } from '@arcadium/contracts/dashboard';

/** A span with its place in the tree. */
export interface Row {
  readonly span: Span;
  /** 0 for a span without a known parent. */
  readonly depth: number;
  /** Its name, without that of its parent: `attempt` below `wiki.pages.get`. */
  readonly name: string;
}

/** The spans as a waterfall shows them: each below its parent, by start. A span whose parent is missing is a root. */
export function rowsOf(spans: readonly Span[]): Row[] {
  const known = new Set(spans.map(({ spanId }) => spanId));
  const children = Map.groupBy(spans, ({ spanId, parentId }) =>
    parentId !== null && parentId !== spanId && known.has(parentId) ? parentId : null,
  );
  const rows: Row[] = [];
  const seen = new Set<string>();
  const add = (span: Span, depth: number, parent?: Span): void => {
    if (seen.has(span.spanId)) return;
    seen.add(span.spanId);
    const inherited = parent && span.name.startsWith(`${parent.name} `) ? parent.name.length + 1 : 0;
    rows.push({ span, depth, name: span.name.slice(inherited) });
    for (const child of sorted(children.get(span.spanId))) add(child, depth + 1, span);
  };
  for (const root of sorted(children.get(null))) add(root, 0);
  // Spans that are one another's parents have no root.
  for (const span of sorted(spans)) add(span, 0);
  return rows;
}

function sorted(spans: readonly Span[] = []): Span[] {
  return spans.toSorted((a, b) => a.startMs - b.startMs);
}
