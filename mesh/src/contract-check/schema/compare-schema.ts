import { compareAlternatives } from './compare-alternatives.ts';
import type { Comparison, Pair } from './comparison.ts';
import { resolve, same, type Node } from './node.ts';

/** Compares two versions of a schema, and reports every edit. */
export function compareSchemas(
  pair: Pair,
  { direction, report }: Pick<Comparison, 'direction' | 'report'>,
): void {
  if (same(pair.old, pair.next)) return;
  let found = 0;
  const seen = new Map<Node, Set<Node>>();
  const comparison: Comparison = {
    direction,
    roots: { old: pair.old, next: pair.next },
    report: (rule, place, values) => {
      found += 1;
      report(rule, place, values);
    },
    parts: (part) => {
      const old = resolve(part.old, pair.old);
      const next = resolve(part.next, pair.next);
      // A recursive schema leads here again.
      const others = seen.get(old) ?? new Set();
      if (others.has(next)) return;
      seen.set(old, others.add(next));
      compareAlternatives({ ...part, old, next }, comparison);
    },
  };
  comparison.parts(pair);
  if (found === 0) report('schema-changed', pair.place);
}
