import type { Schema } from '@arcadium/mesh/reference';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { exampleOf } from './example.ts';

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
