import { z } from 'zod';
import { marksOf, type Direction } from './marks.ts';
import { fingerprint } from './fingerprint.ts';

/** A JSON Schema, draft 2020-12. */
export type JsonSchema = Readonly<Record<string, unknown>>;

/**
 * A schema as JSON, with marks (`x-…`) for what JSON Schema cannot express; null for `z.void()`.
 *
 * @param direction `input` for what is sent before the schema changes it, `output` for what comes out.
 */
export function jsonSchemaOf(schema: z.ZodType, direction: Direction): JsonSchema | null {
  if (schema instanceof z.ZodVoid) return null;
  const { $schema: _dialect, ...own } = z.toJSONSchema(schema, {
    io: direction,
    unrepresentable: ({ zodSchema }) =>
      zodSchema._zod.def.type === 'transform' ? {} : { 'x-opaque': fingerprint(zodSchema) },
    override: ({ zodSchema, jsonSchema }) => {
      for (const [mark, value] of Object.entries(marksOf(zodSchema, direction))) {
        const kept: unknown = jsonSchema[mark];
        // A wrapper, such as `optional()`, has the marks of what it wraps.
        jsonSchema[mark] = Array.isArray(kept) ? [...new Set([...kept, ...(value as unknown[])])] : value;
      }
    },
  });
  return own;
}
