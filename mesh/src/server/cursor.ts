import { z } from 'zod';
import { MeshError } from '../wire/index.ts';

/** Turns the place where a list stopped into an opaque string, and back. */
export interface CursorCodec<Place> {
  /**
   * The one cursor of a place: base64url without padding.
   *
   * @throws ZodError for a place that the schema refuses: a defect of the list, not of its caller.
   */
  encode(place: Place): string;
  /**
   * The place of a cursor; without one, the start of the list, which is `undefined`.
   *
   * @throws MeshError BAD_REQUEST for anything that `encode` does not make.
   */
  decode(cursor: string | undefined): Place | undefined;
}

/**
 * Makes the codec of one list's cursor. The contract lets 256 characters
 * through, which is 192 bytes of JSON.
 *
 * @param schema What the list's order compares, as JSON: plain or a `z.codec`. It bounds what a forged cursor
 *   brings to the database, so let it be no wider than the columns, and admit one spelling of a value only.
 */
export function cursorOf<Schema extends z.ZodType>(schema: Schema): CursorCodec<z.output<Schema>> {
  const encode = (place: z.output<Schema>) =>
    Buffer.from(JSON.stringify(z.encode(schema, place))).toString('base64url');
  return {
    encode,
    decode(cursor) {
      if (cursor === undefined) return undefined;
      const place = schema.safeParse(parseJson(Buffer.from(cursor, 'base64url').toString()));
      // Node and JSON read several spellings of one value; one place has one cursor.
      if (place.success && encode(place.data) === cursor) return place.data;
      throw new MeshError('BAD_REQUEST', 'The cursor does not belong to this list');
    },
  };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Where something stands in an order of time, and of ids within a millisecond. */
export type PlaceInTime = Readonly<{ at: Date; id: string }>;

/** The last millisecond of the year 9999, beyond which no text form of a time agrees with another. */
const latestMs = 253_402_300_799_999;

/** The cursor of the commonest order, (time, UUID): from 1970 to the year 9999, ids in lower case. */
export const timeCursor: CursorCodec<PlaceInTime> = cursorOf(
  z.codec(
    z.tuple([z.int().min(0).max(latestMs), z.uuid().lowercase()]),
    z.object({ at: z.date(), id: z.string() }),
    {
      decode: ([ms, id]) => ({ at: new Date(ms), id }),
      encode: ({ at, id }): [number, string] => [at.getTime(), id],
    },
  ),
);

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
  return { items: rows.slice(0, limit).map((row) => item(row)), nextCursor: last ? cursor(last) : null };
}
