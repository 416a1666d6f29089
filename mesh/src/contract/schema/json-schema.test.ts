import { expect, test } from 'vitest';
import { z } from 'zod';
import { jsonSchemaOf } from './json-schema.ts';

const short = (value: string) => value.length < 10;
const marks = (schema: z.ZodType, direction: 'input' | 'output' = 'input') =>
  Object.keys(jsonSchemaOf(schema, direction) ?? {}).filter((key) => key.startsWith('x-'));

test.each([
  ['refine', z.string().refine(short), ['x-refinements']],
  ['refine, in a wrapper', z.string().refine(short).optional(), ['x-refinements']],
  ['check', z.string().check(z.includes('a')), []],
  ['a URL of one protocol', z.url({ protocol: /^https$/ }), ['x-refinements']],
  ['trim', z.string().trim(), ['x-transforms']],
  ['transform', z.string().transform((value) => value.length), ['x-transforms']],
  ['preprocess', z.preprocess(String, z.string()), ['x-transforms']],
  ['coerce', z.coerce.number(), ['x-coerce']],
  ['catch', z.string().catch(''), ['x-catch']],
  ['flags of a pattern', z.string().regex(/a/i), ['x-flags']],
  ['xor', z.xor([z.object({ a: z.string() }), z.object({ b: z.string() })]), ['x-exclusive']],
  ['Date', z.date(), ['x-opaque']],
  ['Map', z.map(z.string(), z.int()), ['x-opaque']],
  ['nothing unusual', z.object({ a: z.array(z.union([z.int(), z.null()])).max(3) }), []],
])('what JSON Schema cannot express is marked: %s', (_what, schema, expected) => {
  expect(marks(schema)).toEqual(expected);
});

test('answers say what a reader refuses, and what it can do without', () => {
  const one = z.strictObject({ a: z.string().default('x') });
  expect(jsonSchemaOf(one, 'output')).toMatchObject({
    'x-strict': true,
    'x-optional': ['a'],
    required: ['a'],
  });
  expect(marks(one, 'input')).toEqual([]);
});

test('a fingerprint follows the function, and no other thing', () => {
  const of = (schema: z.ZodType) => JSON.stringify(jsonSchemaOf(schema, 'input'));
  const refined = of(z.string().refine(short));
  expect(of(z.string().refine(short, 'another message'))).toBe(refined);
  expect(of(z.string().refine((value) => value.length < 11))).not.toBe(refined);
  expect(of(z.map(z.string(), z.int()))).not.toBe(of(z.map(z.string(), z.int().max(3))));
});
