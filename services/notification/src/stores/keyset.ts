import type { PlaceInTime } from '@arcadium/mesh/server';

/** Newest first, as every list is. */
export const newestFirst = [{ createdAt: 'desc' as const }, { id: 'desc' as const }];

/**
 * The condition "comes after this place in a list", as Prisma takes it; without
 * a place, none. The first half repeats what follows from the second, because
 * PostgreSQL can begin to read an index at a plain bound but not at an OR.
 */
export function olderThan(place: PlaceInTime | undefined) {
  if (!place) return {};
  const { at, id } = place;
  return {
    createdAt: { lte: at },
    OR: [{ createdAt: { lt: at } }, { id: { lt: id } }],
  };
}
