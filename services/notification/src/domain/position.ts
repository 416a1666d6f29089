/**
 * The position of a notification in its reader's list: ordered by time, then by id. Ids are lower-case UUIDs,
 * version 7.
 */
export type Position = Readonly<{ createdAt: Date; id: string }>;

/** The last millisecond of the year 9999; later years have no common text form. */
const latestMs = 253_402_300_799_999;

/** Negative if `a` comes before `b`, as PostgreSQL orders (created_at, id). */
export function comparePositions(a: Position, b: Position): number {
  const apart = a.createdAt.getTime() - b.createdAt.getTime();
  if (apart !== 0) return apart;
  return a.id < b.id ? -1 : a.id > b.id ? 1 : 0;
}

/** The position before everything of a time. */
export function startOf(createdAt: Date): Position {
  return { createdAt, id: '00000000-0000-0000-0000-000000000000' };
}

/**
 * The position that an id implies: a UUID of version 7 begins with its milliseconds since 1970 (RFC 9562
 * §5.7). Undefined for any other id, and for one from after the year 9999.
 */
export function positionOfId(id: string): Position | undefined {
  const hex = id.replaceAll('-', '');
  if (!/^[0-9a-f]{12}7/i.test(hex)) return undefined;
  const ms = Number.parseInt(hex.slice(0, 12), 16);
  if (ms > latestMs) return undefined;
  return { createdAt: new Date(ms), id: id.toLowerCase() };
}
