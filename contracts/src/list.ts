import { z } from 'zod';

/** What every list takes: how many, and where the last answer ended. */
export const listInput = z.object({
  /** The longest answer wanted. */
  limit: z.int().min(1).max(100).default(20),
  /** The `nextCursor` of the answer before; it means nothing to anyone but the server. */
  cursor: z
    .string()
    .regex(/^[\w-]{1,256}$/)
    .optional(),
});

/**
 * What every list answers: the items, and the cursor of the next answer unless this was the last. Only that says that
 * there are no more: an answer may have fewer items than wanted, or none, where a list looks at many to show few.
 */
export function listOf<Item extends z.ZodType>(item: Item) {
  return z.object({ items: z.array(item).max(100), nextCursor: z.string().nullable() });
}
