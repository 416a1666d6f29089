import { expect, test } from 'vitest';
import { z } from 'zod';
import { fieldsOf, typeOf, type Schema } from './schema-fields.ts';

const schemaOf = (schema: z.ZodType) => z.toJSONSchema(schema, { io: 'input' }) as Schema;
const plain = { required: true, bounds: '', pattern: null };

test('fields have a type, bounds, a pattern, and whether they are required', () => {
  const schema = z.object({
    title: z.string().min(1).max(200),
    topics: z.array(z.enum(['a', 'b'])).max(3),
    parent: z.uuid().nullable().default(null),
    n: z.int().min(1).optional(),
    slug: z
      .string()
      .regex(/^[a-z]+$/)
      .describe('Its address'),
    codes: z.array(z.string()).length(10),
  });
  expect(fieldsOf(schemaOf(schema))).toEqual([
    [
      { ...plain, name: 'title', type: 'string', bounds: '1 to 200 characters' },
      { ...plain, name: 'topics', type: 'array of "a" | "b"', bounds: 'at most 3 items' },
      { ...plain, name: 'parent', type: 'string (uuid) | null', required: false, bounds: 'default null' },
      { ...plain, name: 'n', type: 'integer', required: false, bounds: 'at least 1' },
      { ...plain, name: 'slug', type: 'string', bounds: 'Its address', pattern: '^[a-z]+$' },
      { ...plain, name: 'codes', type: 'array of string', bounds: '10 items' },
    ],
  ]);
});

test('objects within objects and lists are listed with their path', () => {
  const page = z.object({ id: z.string() });
  const schema = z.object({
    items: z.array(z.object({ page: page.nullable() })),
    cells: z.array(z.array(page)),
  });
  const [rows = []] = fieldsOf(schemaOf(schema));
  expect(rows.map(({ name, type }) => `${name}: ${type}`)).toEqual([
    'items: array of object',
    'items[].page: object | null',
    'items[].page.id: string',
    'cells: array of array of object',
    'cells[][].id: string',
  ]);
});

test('a union of objects has a list for each; within an object its type says all', () => {
  const either = z.union([z.object({ id: z.string() }), z.object({ slug: z.string() })]);
  const names = (schema: z.ZodType) => fieldsOf(schemaOf(schema)).map((rows) => rows.map(({ name }) => name));
  expect(names(either)).toEqual([['id'], ['slug']]);
  expect(names(z.object({ either }))).toEqual([['either']]);
  expect(names(z.string())).toEqual([]);
});

test('a recursive schema is listed once', () => {
  const thread = z.object({
    text: z.string(),
    get answers() {
      return z.array(thread);
    },
  });
  const names = (schema: z.ZodType) => fieldsOf(schemaOf(schema))[0]?.map(({ name }) => name);
  expect(names(thread)).toEqual(['text', 'answers']);
  expect(names(z.object({ thread }))).toEqual(['thread', 'thread.text', 'thread.answers']);
});

test.each([
  [z.union([z.string(), z.number()]), 'string | number'],
  [z.record(z.string(), z.int()), 'object of integer'],
  [z.literal('x'), '"x"'],
  [z.unknown(), 'any'],
])('a schema in words %#', (schema, words) => {
  expect(typeOf(schemaOf(schema))).toBe(words);
});
