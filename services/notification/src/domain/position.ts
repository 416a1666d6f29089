/**
 * Where something stands among what its reader was told: in order of time, of
 * id within a millisecond. Ids are lower-case UUIDs, version 7.
 */
export type Position = Readonly<{ createdAt: Date; id: string }>;

/** The last millisecond of the year 9999, beyond which no text form of a time agrees with another. */
const latestMs = 253_402_300_799_999;

/** Less than 0 when `a` comes before `b`, as PostgreSQL orders (created_at, id). */
export function comparePositions(a: Position, b: Position): number {
  const apart = a.createdAt.getTime() - b.createdAt.getTime();
  if (apart !== 0) return apart;
  return a.id < b.id ? -1 : a.id > b.id ? 1 : 0;
}

/** The place before everything of a moment. */
export function startOf(createdAt: Date): Position {
  return { createdAt, id: '00000000-0000-0000-0000-000000000000' };
}

/**
 * The place that an id tells by itself: a UUID of version 7 begins with its
 * milliseconds since 1970 (RFC 9562 §5.7). Undefined for any other id,
 * and for one from after the year 9999.
 */
export function positionOfId(id: string): Position | undefined {
  const hex = id.replaceAll('-', '');
  if (!/^[0-9a-f]{12}7/i.test(hex)) return undefined;
  const ms = Number.parseInt(hex.slice(0, 12), 16);
  if (ms > latestMs) return undefined;
  return { createdAt: new Date(ms), id: id.toLowerCase() };
}
