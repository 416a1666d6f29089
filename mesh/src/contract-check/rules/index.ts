import { answerRules } from './answer-rules.ts';
import { boundRules } from './bound-rules.ts';
import { callRules } from './call-rules.ts';
import type { Rule } from './rule.ts';
import { structureRules, valueRules } from './schema-rules.ts';

export { answerRules } from './answer-rules.ts';
export { boundRules, bounds, type BoundId } from './bound-rules.ts';
export { callRules } from './call-rules.ts';
export { type Rule } from './rule.ts';
export { structureRules, valueRules } from './schema-rules.ts';

const all = { ...callRules, ...answerRules, ...valueRules, ...boundRules, ...structureRules };

/** Id of a rule, such as `property-added-required`. Ids do not change: waivers name them. */
export type RuleId = keyof typeof all;

/**
 * All rules by id.
 *
 * @example
 * for (const [id, rule] of Object.entries(rules)) console.log(id, rule);
 */
export const rules: Readonly<Record<RuleId, Rule>> = all;
