import { z } from 'zod';
import type { JsonSchema } from './json-schema.ts';
import type { Direction } from './marks.ts';

/**
 * The check of a schema of a snapshot. It accepts what the original accepts, and may accept more: functions, and patterns
 * with flags, are left to the original.
 *
 * @param direction For `output`, as a reader sees it: unknown properties are ignored, unless the original is strict.
 * @throws Error for a schema that zod cannot read.
 */
export function schemaFrom(schema: JsonSchema, direction: Direction): z.ZodType {
  const walk = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(walk);
    if (typeof value !== 'object' || value === null) return value;
    const parts = Object.fromEntries(Object.entries(value).map(([key, part]) => [key, walk(part)]));
    const { 'x-flags': flags, 'x-strict': strict, 'x-optional': optional } = parts;
    const { pattern, required, additionalProperties } = parts;
    // The pattern is more exact than the format that it comes from; JSON Schema has no flags.
    if (typeof pattern === 'string') delete parts['format'];
    if (Array.isArray(flags)) delete parts['pattern'];
    if (direction === 'input') return parts;
    if (additionalProperties === false && strict !== true) delete parts['additionalProperties'];
    if (Array.isArray(required) && Array.isArray(optional))
      parts['required'] = required.filter((name) => !optional.includes(name));
    return parts;
  };
  return z.fromJSONSchema(walk(schema) as JsonSchema);
}
