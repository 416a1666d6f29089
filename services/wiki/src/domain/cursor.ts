import { MeshError } from '@arcadium/mesh/wire';
import { z } from 'zod';

/** Turns the place where a list stopped into an opaque string, and back. */
export interface CursorCodec<Place> {
  encode(place: Place): string;
  /** @throws MeshError BAD_REQUEST for anything that `encode` did not make. */
  decode(cursor: string): Place;
  /** The same for a list's input, where no cursor means the start. */
  decode(cursor: string | undefined): Place | undefined;
}

/** A moment in a cursor, in milliseconds since 1970; up to the year 9999, the last that PostgreSQL and ISO 8601 agree on. */
export const moment = z.int().min(0).max(253_402_300_799_999);

/** An integer of a PostgreSQL `integer` column. */
export const integer = z.int().min(0).max(2_147_483_647);

/** Makes the codec of one list's cursor; the schema is of what its order compares. */
export function cursorOf<Schema extends z.ZodType>(schema: Schema): CursorCodec<z.output<Schema>> {
  type Place = z.output<Schema>;
  function decode(cursor: string): Place;
  function decode(cursor: string | undefined): Place | undefined;
  function decode(cursor: string | undefined): Place | undefined {
    if (cursor === undefined) return undefined;
    const parsed = schema.safeParse(parseJson(Buffer.from(cursor, 'base64url').toString()));
    if (!parsed.success) throw new MeshError('BAD_REQUEST', 'The cursor is not one of this list');
    return parsed.data;
  }
  return { encode: (place) => Buffer.from(JSON.stringify(place)).toString('base64url'), decode };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/**
 * The answer of a list from one row more than was asked for: that row only
 * tells that there is more.
 */
export function pageOf<Row, Item>(
  rows: readonly Row[],
  limit: number,
  { item, cursor }: { item: (row: Row) => Item; cursor: (row: Row) => string },
): { items: Item[]; nextCursor: string | null } {
  const last = rows.length > limit ? rows[limit - 1] : undefined;
  return { items: rows.slice(0, limit).map(item), nextCursor: last === undefined ? null : cursor(last) };
}
