import { annotations } from '../../contract/core.ts';
import type { RuleId } from '../rules/index.ts';
import { compareBounds } from './compare-bounds.ts';
import type { Comparison, Pair } from './comparison.ts';
import { isNode, listAt, same, textsAt, without, type Node } from './node.ts';

/** Keywords that other comparisons look at: of objects, arrays and unions. */
const elsewhere =
  '$defs $schema x-exclusive items prefixItems properties required additionalProperties propertyNames x-strict x-optional'.split(
    ' ',
  );

/** Marks that are there or not, and their rules. */
const flags = { 'x-coerce': 'coercion', 'x-catch': 'catch', uniqueItems: 'unique-items' } as const;

/** Compares the keywords of two schemas of the same kind, without their parts. */
export function compareKeywords(pair: Pair, comparison: Comparison): void {
  const { old, next, place } = pair;
  const { report } = comparison;
  const known = new Set(elsewhere);
  const changed = (...keywords: string[]) => {
    for (const keyword of keywords) known.add(keyword);
    return keywords.some((keyword) => !same(old[keyword], next[keyword]));
  };

  if (changed('type')) {
    report(next['type'] === 'number' ? 'integer-became-number' : 'number-became-integer', place);
  }
  compareBounds(pair, comparison, known);
  if (changed('pattern', 'allOf', 'x-flags')) compareCombined(pair, comparison);
  if (changed('multipleOf')) compareMultiples(pair, comparison);
  if (changed('format')) presence('format', pair, comparison, 'format');
  if (changed('contentEncoding', 'contentMediaType')) report('encoding-changed', place);
  if (changed('default')) presence('default', pair, comparison, 'default');
  for (const [mark, name] of Object.entries(flags) as [
    keyof typeof flags,
    (typeof flags)[keyof typeof flags],
  ][]) {
    if (changed(mark)) report(next[mark] === true ? `${name}-added` : `${name}-removed`, place);
  }
  if (changed('x-refinements')) compareLists('x-refinements', 'refinement', pair, comparison);
  if (changed('x-transforms')) compareLists('x-transforms', 'transform', pair, comparison);
  if (changed('x-opaque')) report('opaque-changed', place);
  if (changed(...annotations)) report('annotation-changed', place);
  for (const keyword of new Set([...Object.keys(old), ...Object.keys(next)])) {
    if (!known.has(keyword) && changed(keyword)) report('keyword-changed', place, { old: keyword });
  }
}

function presence(
  keyword: string,
  { old, next, place }: Pair,
  { report }: Comparison,
  name: 'format' | 'default',
): void {
  const [before, after] = [old[keyword], next[keyword]];
  const edit = before === undefined ? 'added' : after === undefined ? 'removed' : 'changed';
  report(`${name}-${edit}`, place, { old: before, next: after });
}

function compareLists(
  keyword: string,
  name: 'refinement' | 'transform',
  { old, next, place }: Pair,
  { report }: Comparison,
): void {
  const rule = editOf(name, textsAt(old, keyword), textsAt(next, keyword));
  // The same functions in another order.
  report(rule ?? `${name}-changed`, place);
}

function editOf<Name extends 'pattern' | 'refinement' | 'transform'>(
  name: Name,
  old: ReadonlySet<string>,
  next: ReadonlySet<string>,
): `${Name}-${'added' | 'removed' | 'changed'}` | undefined {
  const [left, come] = [without(old, next).length, without(next, old).length];
  if (left > 0 && come > 0) return `${name}-changed`;
  if (come > 0) return `${name}-added`;
  return left > 0 ? `${name}-removed` : undefined;
}

/** Compares patterns and the other parts of `allOf`. */
function compareCombined({ old, next, place }: Pair, { report, parts }: Comparison): void {
  const edit = editOf('pattern', patternsOf(old), patternsOf(next));
  if (edit) report(edit, place, { old: firstPattern(old), next: firstPattern(next) });
  const [some, others] = [old, next].map((node) =>
    listAt(node, 'allOf').filter((part): part is Node => isNode(part) && !isPattern(part)),
  );
  if (some?.length !== others?.length) report('intersection-changed', place);
  else some?.forEach((part, index) => parts({ old: part, next: others?.[index] ?? {}, place }));
}

function isPattern(part: unknown): boolean {
  return isNode(part) && typeof part['pattern'] === 'string' && Object.keys(part).length === 1;
}

/** Patterns with their flags. */
function patternsOf(node: Node): ReadonlySet<string> {
  const parts = [node, ...listAt(node, 'allOf').filter(isPattern)];
  const sources = parts.flatMap((part) =>
    isNode(part) && typeof part['pattern'] === 'string' ? [part['pattern']] : [],
  );
  const marked = textsAt(node, 'x-flags');
  return new Set(
    sources.map(
      (source) => [...marked].find((one) => one.slice(0, one.lastIndexOf('/')) === source) ?? source,
    ),
  );
}

function firstPattern(node: Node): string | undefined {
  return [...patternsOf(node)][0];
}

function compareMultiples({ old, next, place }: Pair, { report }: Comparison): void {
  const [before, after] = [old['multipleOf'], next['multipleOf']];
  const rule = multipleRule(before, after);
  report(rule, place, { old: before, next: after });
}

function multipleRule(old: unknown, next: unknown): RuleId {
  if (typeof old !== 'number') return 'multiple-of-added';
  if (typeof next !== 'number') return 'multiple-of-removed';
  if (next % old === 0) return 'multiple-of-coarser';
  return old % next === 0 ? 'multiple-of-finer' : 'multiple-of-changed';
}
