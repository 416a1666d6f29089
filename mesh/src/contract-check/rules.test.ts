import { expect, test } from 'vitest';
import { z } from 'zod';
import { error, type ContractSnapshot } from '../contract/index.ts';
import { compareAll, compareContracts, rules, type Finding, type RuleId, type Severity } from './index.ts';
import { callCases, read, serviceCases, type CallCase } from './testing/call-cases.ts';
import { schemaCases, type Example, type SchemaCase } from './testing/schema-cases.ts';

// Each rule, by an edit that falls under it.

/** A snapshot with a schema in one place of a procedure. */
function withSchema(example: Example, direction: 'input' | 'output' | 'error'): ContractSnapshot {
  const own = example instanceof z.ZodType ? example : undefined;
  const schema = own ?? z.object({});
  const made = read({
    ...(direction === 'input' && { input: schema }),
    ...(direction === 'output' && { output: schema }),
    ...(direction === 'error' && { errors: { TAKEN: error('CONFLICT', 'Taken', schema) } }),
  });
  if (own) return made;
  const text = JSON.stringify(made, (key, value: unknown) =>
    key === (direction === 'error' ? 'data' : direction) ? example : value,
  );
  return JSON.parse(text) as ContractSnapshot;
}

/** What an edit was found to be: its rules, and the severity of the expected one. */
function outcome(findings: readonly Finding[], rule: RuleId) {
  const finding = findings.find((one) => one.rule === rule);
  return {
    rules: [...new Set(findings.map((one) => one.rule))].toSorted(),
    severity: finding?.severity,
    hasRemedy: /^[A-Z].*\.$/s.test(finding?.remedy ?? ''),
  };
}

const expected = (rule: RuleId, also: readonly RuleId[], severity: Severity) => ({
  rules: [rule, ...also].toSorted(),
  severity,
  hasRemedy: true,
});

const directions = ['input', 'output', 'error'] as const;

test.each(
  (Object.entries(schemaCases) as [RuleId, SchemaCase][]).flatMap(
    ([rule, [old, next, request, answer, ...also]]) =>
      directions.map((direction) => {
        const severity = direction === 'input' ? request : answer;
        return { rule, direction, severity, pair: { old, next }, also };
      }),
  ),
)('$rule in an $direction: $severity', ({ rule, direction, severity, pair, also }) => {
  const findings = compareContracts({
    old: withSchema(pair.old, direction),
    next: withSchema(pair.next, direction),
  });
  expect(outcome(findings, rule)).toEqual(expected(rule, also, severity));
});

test.each(
  (Object.entries(callCases) as [RuleId, CallCase][]).map(([rule, [old, next, severity, ...also]]) => ({
    rule,
    severity,
    snapshots: { old, next },
    also,
  })),
)('$rule: $severity', ({ rule, severity, snapshots, also }) => {
  expect(outcome(compareContracts(snapshots), rule)).toEqual(expected(rule, also, severity));
});

test.each(Object.entries(serviceCases))('%s', (rule, [old, next, severity]) => {
  const findings = compareAll(old, next, { whole: true });
  expect(outcome(findings, rule as RuleId)).toEqual(expected(rule as RuleId, [], severity));
  expect(compareAll(old, next, { whole: false })).toEqual([]);
});

test('every rule has an example, and there are as many as promised', () => {
  const examples = [schemaCases, callCases, serviceCases].flatMap((cases) => Object.keys(cases));
  expect(examples.toSorted()).toEqual(Object.keys(rules).toSorted());
  expect(examples.length).toBeGreaterThanOrEqual(64);
});

test('equal contracts have no findings', () => {
  for (const [old] of Object.values(schemaCases))
    for (const direction of directions)
      expect(compareContracts({ old: withSchema(old, direction), next: withSchema(old, direction) })).toEqual(
        [],
      );
});
