/**
 * A list whose rows are few among many that must be looked at, as the pages without a link to them. One call looks at
 * a bounded number: it may answer with fewer rows than were asked for, or none, and where to go on.
 */
export interface Walked<Row, Place> {
  /** At most one more than was asked for. */
  readonly rows: Row[];
  /** The last place looked at; `undefined` at the end of the list. */
  readonly until: Place | undefined;
}

/**
 * The answer of such a list: where there are no more rows to show, it goes on where the walk has ended.
 *
 * @param page As `pageOf` makes it from the rows.
 * @param until The cursor of the last place.
 */
export function walkedPage<Item>(
  page: { items: Item[]; nextCursor: string | null },
  until: string | undefined,
): { items: Item[]; nextCursor: string | null } {
  return { items: page.items, nextCursor: page.nextCursor ?? until ?? null };
}
