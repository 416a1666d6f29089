import { cursorOf } from '@arcadium/mesh/server';
import { z } from 'zod';

/** Cursor of a list in the order of arrival: the number of the last item. It is void after a restart. */
export const arrivalCursor = cursorOf(z.int().min(1));

/** The page of a list that examines a limited number of items. @param until Where it stopped, if it did. */
export function walkedPage<Item>(
  { items, nextCursor }: { items: Item[]; nextCursor: string | null },
  until: number | undefined,
): { items: Item[]; nextCursor: string | null } {
  return {
    items,
    nextCursor: nextCursor ?? (until === undefined ? null : arrivalCursor.encode(until)),
  };
}
