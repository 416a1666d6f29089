import type { PlaceInTime } from '@arcadium/mesh/server';

/** Newest first, the order of every list. */
export const newestFirst = [{ createdAt: 'desc' as const }, { id: 'desc' as const }];

/**
 * Prisma's condition for rows after a position in a list; empty without a position. The first condition
 * follows from the second; PostgreSQL can start to read an index at it, but not at an OR.
 */
export function olderThan(place: PlaceInTime | undefined) {
  if (!place) return {};
  const { at, id } = place;
  return {
    createdAt: { lte: at },
    OR: [{ createdAt: { lt: at } }, { id: { lt: id } }],
  };
}
