import { z } from 'zod';

/** Input of every list: the number of items, and where to continue. */
export const listInput = z.object({
  /** Most items to return. */
  limit: z.int().min(1).max(100).default(20),
  /** The `nextCursor` of the previous answer, opaque to clients. */
  cursor: z
    .string()
    .regex(/^[\w-]{1,256}$/)
    .optional(),
});

/**
 * Answer of every list: the items, and the cursor of the next answer, which is missing only from the last
 * one. An answer may have fewer items than the limit, or none, if a list examines many rows to return few.
 */
export function listOf<Item extends z.ZodType>(item: Item) {
  return z.object({ items: z.array(item).max(100), nextCursor: z.string().nullable() });
}
