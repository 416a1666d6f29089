import { entriesOf } from '@arcadium/mesh/contract';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { authContract } from './auth/contract.ts';
import { notificationContract } from './notification.ts';
import { wikiContract } from './wiki/contract.ts';

/** Maximum size of a request body, and of a message, in bytes (docs/operations.md). */
const longestMessage = 2 * 1024 * 1024;

/** Length of the longest text that a format or a pattern limits, instead of a number: an idempotency key. */
const longestOfFormat = 128;

/** Maximum size of a schema's JSON in bytes, with each character written as `\uXXXX` (RFC 8259 §7). */
function longestOf(schema: z.core.JSONSchema.JSONSchema): number {
  const { anyOf, type, items, properties, maxItems, maxLength } = schema;
  if (anyOf) return Math.max(...anyOf.map((one) => longestOf(one)));
  if (type === 'array')
    return 2 + (maxItems ?? Infinity) * (1 + longestOf(items as z.core.JSONSchema.JSONSchema));
  if (type === 'object')
    return Object.entries(properties ?? {}).reduce(
      (sum, [name, one]) => sum + 6 * name.length + 4 + longestOf(one as z.core.JSONSchema.JSONSchema),
      2,
    );
  if (type !== 'string') return 32;
  const bounded = schema.enum ?? schema.const ?? schema.format ?? schema.pattern;
  return 2 + 6 * (maxLength ?? (bounded === undefined ? Infinity : longestOfFormat));
}

const entries = [authContract, notificationContract, wikiContract].flatMap(({ name, procedures }) =>
  entriesOf({ name, procedures }).map(({ path, procedure }) => [`${name}.${path}`, procedure.input] as const),
);

test.each(entries)('what %s allows fits into a message, however it is escaped', (_path, input) => {
  const schema = z.toJSONSchema(input, { io: 'input', unrepresentable: 'any', reused: 'inline' });
  expect(longestOf(schema)).toBeLessThan(longestMessage - 1024);
});
