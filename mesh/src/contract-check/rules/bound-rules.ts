import type { Rule } from './rule.ts';

/** Bounds of schemas: the keyword, the end that it limits, and its name in words. */
export const bounds = [
  { id: 'min-length', end: 'least', words: 'shortest length of a text' },
  { id: 'max-length', end: 'most', words: 'longest length of a text' },
  { id: 'minimum', end: 'least', words: 'smallest number' },
  { id: 'maximum', end: 'most', words: 'largest number' },
  { id: 'min-items', end: 'least', words: 'least number of items' },
  { id: 'max-items', end: 'most', words: 'most items' },
  { id: 'min-properties', end: 'least', words: 'least number of properties' },
  { id: 'max-properties', end: 'most', words: 'most properties' },
] as const;

/** A bound, as the id of its rules begins. */
export type BoundId = (typeof bounds)[number]['id'];
/** What can happen to a bound. */
export type BoundEdit = 'added' | 'removed' | 'raised' | 'lowered';

const narrowing = {
  request: 'Keep the old bound in the contract until every client keeps the new one.',
  answer: 'Deploy the server first: old servers still answer beyond the new bound.',
};
const widening = {
  request: 'Deploy the server first: old servers refuse what is beyond the old bound.',
  answer: 'Let every client accept the new bound first, or leave it to a new procedure.',
};

/** Four rules for each bound. */
export const boundRules: Readonly<Record<`${BoundId}-${BoundEdit}`, Rule>> = Object.fromEntries(
  bounds.flatMap(({ id, end, words }) => {
    const narrows: Pick<Rule, 'effect' | 'remedy'> = { effect: 'narrowed', remedy: narrowing };
    const widens: Pick<Rule, 'effect' | 'remedy'> = { effect: 'widened', remedy: widening };
    return [
      [`${id}-added`, { ...narrows, what: `the ${words} is now limited` }],
      [`${id}-removed`, { ...widens, what: `the ${words} is no longer limited` }],
      [`${id}-raised`, { ...(end === 'least' ? narrows : widens), what: `the ${words} was raised` }],
      [`${id}-lowered`, { ...(end === 'least' ? widens : narrows), what: `the ${words} was lowered` }],
    ] satisfies [string, Rule][];
  }),
) as Record<`${BoundId}-${BoundEdit}`, Rule>;
