import { kindOf } from './alternatives.ts';
import { compareArrays } from './compare-arrays.ts';
import { compareKeywords } from './compare-keywords.ts';
import { compareObjects } from './compare-objects.ts';
import type { Comparison, Pair } from './comparison.ts';

/** Compares two schemas of the same kind: a text with a text, an object with an object. */
export function compareMembers(pair: Pair, comparison: Comparison): void {
  compareKeywords(pair, comparison);
  const kind = kindOf(pair.old);
  if (kind === 'object') compareObjects(pair, comparison);
  if (kind === 'array') compareArrays(pair, comparison);
}
