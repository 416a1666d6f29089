import { bounds, type BoundId } from '../rules/index.ts';
import type { Comparison, Pair } from './comparison.ts';
import type { Node } from './node.ts';

type Limit = Readonly<{ value: number; exclusive: boolean }>;

/** Reads a bound; of two, the stricter one holds. */
const readers: Readonly<Record<BoundId, (node: Node) => Limit | undefined>> = {
  'min-length': (node) => limit(node['minLength']),
  'max-length': (node) => limit(node['maxLength']),
  minimum: (node) => strictest(1, limit(node['minimum']), limit(node['exclusiveMinimum'], true)),
  maximum: (node) => strictest(-1, limit(node['maximum']), limit(node['exclusiveMaximum'], true)),
  'min-items': (node) => limit(node['minItems']),
  'max-items': (node) => limit(node['maxItems']),
  'min-properties': (node) => limit(node['minProperties']),
  'max-properties': (node) => limit(node['maxProperties']),
};

const keywords =
  'minLength maxLength minimum exclusiveMinimum maximum exclusiveMaximum minItems maxItems minProperties maxProperties'.split(
    ' ',
  );

/** Compares bounds. @param known Gets the keywords that are looked at. */
export function compareBounds(
  { old, next, place }: Pair,
  { report }: Pick<Comparison, 'report'>,
  known: Set<string>,
): void {
  for (const keyword of keywords) known.add(keyword);
  for (const { id, end } of bounds) {
    const [before, after] = [readers[id](old), readers[id](next)];
    const values = { old: before?.value, next: after?.value };
    if (!before && after) report(`${id}-added`, place, values);
    else if (before && !after) report(`${id}-removed`, place, values);
    else if (before && after) {
      const sign = end === 'least' ? 1 : -1;
      // With equal numbers, an exclusive bound is the stricter one.
      const change =
        after.value - before.value || (Number(after.exclusive) - Number(before.exclusive)) * sign;
      if (change !== 0) report(`${id}-${change > 0 ? 'raised' : 'lowered'}`, place, values);
    }
  }
}

function limit(value: unknown, exclusive = false): Limit | undefined {
  return typeof value === 'number' ? { value, exclusive } : undefined;
}

function strictest(sign: 1 | -1, one: Limit | undefined, other: Limit | undefined): Limit | undefined {
  if (!one || !other) return one ?? other;
  return sign * other.value >= sign * one.value ? other : one;
}
