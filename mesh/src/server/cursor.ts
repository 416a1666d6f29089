import { z } from 'zod';
import { MeshError } from '../wire/index.ts';

/** Encodes a place in a list as an opaque cursor. */
export interface CursorCodec<Place> {
  /**
   * The cursor of a place: base64url without padding. Each place has exactly one.
   *
   * @throws ZodError for a place that the schema refuses, which is a bug of the list.
   */
  encode(place: Place): string;
  /**
   * The place of a cursor; `undefined`, the start of the list, without one.
   *
   * @throws MeshError BAD_REQUEST for a cursor that `encode` does not return.
   */
  decode(cursor: string | undefined): Place | undefined;
}

/**
 * Makes the codec of a list's cursor. Contracts allow 256 characters, which is 192 bytes of JSON.
 *
 * @param schema The sort key of the list, as JSON; plain or a `z.codec`. It must be no wider than the columns, because a
 *   cursor may be forged, and accept one spelling of each value.
 *
 * @example
 * const byName = cursorOf(z.object({ name: z.string(), id: z.uuid() }));
 * const from = byName.decode(undefined); // the start of the list
 */
export function cursorOf<Schema extends z.ZodType>(schema: Schema): CursorCodec<z.output<Schema>> {
  const encode = (place: z.output<Schema>) =>
    Buffer.from(JSON.stringify(z.encode(schema, place))).toString('base64url');
  return {
    encode,
    decode(cursor) {
      if (cursor === undefined) return undefined;
      const place = schema.safeParse(parseJson(Buffer.from(cursor, 'base64url').toString()));
      // Base64url and JSON have several spellings of one value.
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

/** A place in an order by time and, within a millisecond, by id. */
export type PlaceInTime = Readonly<{ at: Date; id: string }>;

/**
 * The cursor of an order by (time, UUID): from 1970 to the year 9999 (ISO 8601 has four digits), ids in lower case.
 *
 * @example
 * const next = timeCursor.encode({ at: new Date(), id: '01890a5d-ac96-774b-bcce-b302099a8057' });
 */
export const timeCursor: CursorCodec<PlaceInTime> = cursorOf(
  z.codec(
    z.tuple([
      z
        .int()
        .min(0)
        .max(Date.UTC(10_000, 0) - 1),
      z.uuid().lowercase(),
    ]),
    z.object({ at: z.date(), id: z.string() }),
    {
      decode: ([ms, id]) => ({ at: new Date(ms), id }),
      encode: ({ at, id }): [number, string] => [at.getTime(), id],
    },
  ),
);

/**
 * Makes the page of a list. @param rows Up to `limit + 1` rows: the last one only shows that there are more.
 *
 * @example
 * const rows = [{ id: 'a', at: new Date() }];
 * const page = pageOf(rows, 20, { item: ({ id }) => ({ id }), cursor: (row) => timeCursor.encode(row) });
 */
export function pageOf<Row, Item>(
  rows: readonly Row[],
  limit: number,
  { item, cursor }: { item: (row: Row) => Item; cursor: (row: Row) => string },
): { items: Item[]; nextCursor: string | null } {
  const last = rows.length > limit ? rows[limit - 1] : undefined;
  return { items: rows.slice(0, limit).map((row) => item(row)), nextCursor: last ? cursor(last) : null };
}
