import type { Position } from '../domain/position.ts';

/** Newest first, as every list is. */
export const newestFirst = [{ createdAt: 'desc' as const }, { id: 'desc' as const }];

/**
 * The condition "comes after this place in a list", as Prisma takes it; without
 * a place, none. The first half repeats what follows from the second, because
 * PostgreSQL can begin to read an index at a plain bound but not at an OR.
 */
export function olderThan(position: Position | undefined) {
  if (!position) return {};
  const { createdAt, id } = position;
  return {
    createdAt: { lte: createdAt },
    OR: [{ createdAt: { lt: createdAt } }, { id: { lt: id } }],
  };
}
