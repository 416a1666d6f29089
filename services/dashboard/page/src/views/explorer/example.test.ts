import { expect, test } from 'vitest';
import { z } from 'zod';
import { exampleOf, fieldsOf, typeOf, type Schema } from './example.ts';

const schemaOf = (schema: z.ZodType) => z.toJSONSchema(schema, { io: 'input' }) as Schema;

test.each([
  ['an object with a default', z.object({ limit: z.int().default(20), name: z.string().optional() })],
  ['a union', z.union([z.object({ id: z.uuid() }), z.object({ slug: z.string().min(1) })])],
  ['a list of emails', z.object({ to: z.array(z.email()).min(2), at: z.iso.datetime() })],
  ['numbers with bounds', z.object({ n: z.number().min(5), m: z.int().max(9), on: z.boolean() })],
  ['choices', z.object({ as: z.enum(['a', 'b']), kind: z.literal('x'), none: z.null() })],
])('the example of %s is what the schema accepts', (_what, schema) => {
  expect(schema.safeParse(exampleOf(schemaOf(schema)))).toMatchObject({ success: true });
});

test('fields have a type, bounds and whether they are required', () => {
  const schema = z.object({
    title: z.string().min(1).max(200),
    topics: z.array(z.enum(['a', 'b'])).max(3),
    parent: z.uuid().nullable().default(null),
    n: z.int().min(1).optional(),
  });
  expect(fieldsOf(schemaOf(schema))).toEqual([
    { name: 'title', type: 'string', required: true, bounds: '1 to 200 characters' },
    { name: 'topics', type: 'array of "a" | "b"', required: true, bounds: 'at most 3 items' },
    { name: 'parent', type: 'string (uuid) | null', required: false, bounds: 'default null' },
    { name: 'n', type: 'integer', required: false, bounds: 'at least 1' },
  ]);
});

test('a schema in words', () => {
  expect(typeOf(schemaOf(z.union([z.string(), z.number()])))).toBe('string | number');
  expect(typeOf({})).toBe('any');
});
