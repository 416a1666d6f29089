import { encodeCursor } from './cursor.ts';
import type { Position } from './position.ts';

/** A list's answer from its rows, of which one more than `limit` was read to know whether there are more. */
export function pageOf<Row extends Position, Item>(
  rows: readonly Row[],
  limit: number,
  present: (row: Row) => Item,
): { items: Item[]; nextCursor: string | null } {
  const shown = rows.slice(0, limit);
  const last = shown.at(-1);
  return {
    items: shown.map(present),
    nextCursor: last && rows.length > limit ? encodeCursor(last) : null,
  };
}
