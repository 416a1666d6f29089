import type { Comparison, Pair } from './comparison.ts';
import { isNode, listAt, nodeAt, type Node } from './node.ts';

/** Compares the items of two arrays or tuples. */
export function compareArrays({ old, next, place }: Pair, comparison: Comparison): void {
  const { report, parts } = comparison;
  const [some, others] = [listAt(old, 'prefixItems'), listAt(next, 'prefixItems')];
  if (isTuple(old) !== isTuple(next)) {
    report(isTuple(next) ? 'array-became-tuple' : 'tuple-became-array', place);
    return;
  }
  for (const index of some.keys()) {
    if (index < others.length) {
      parts({ old: itemOf(some, index), next: itemOf(others, index), place: `${place}[${index}]` });
    } else report('tuple-item-removed', `${place}[${index}]`);
  }
  for (const index of others.keys()) {
    if (index >= some.length) report('tuple-item-added', `${place}[${index}]`);
  }
  const [rest, more] = [isNode(old['items']), isNode(next['items'])];
  if (rest && more) parts({ old: nodeAt(old, 'items'), next: nodeAt(next, 'items'), place: `${place}[]` });
  else if (rest || more) report(more ? 'tuple-rest-added' : 'tuple-rest-removed', place);
}

function isTuple(node: Node): boolean {
  return Array.isArray(node['prefixItems']);
}

function itemOf(items: readonly unknown[], index: number): Node {
  const item = items[index];
  return isNode(item) ? item : {};
}
