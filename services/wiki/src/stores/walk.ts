/**
 * A list with few rows among many that must be examined, such as the pages without a link to them. One call
 * examines a limited number, so it may return fewer rows than requested, or none, and the position to
 * continue from.
 */
export interface Walked<Row, Place> {
  /** At most one more than requested. */
  readonly rows: Row[];
  /** The last position examined; `undefined` at the end of the list. */
  readonly until: Place | undefined;
}

/**
 * The answer of such a list. Without further rows, the next page continues where the walk ended.
 *
 * @param page The result of `pageOf` for the rows.
 * @param until The cursor of the last position.
 */
export function walkedPage<Item>(
  page: { items: Item[]; nextCursor: string | null },
  until: string | undefined,
): { items: Item[]; nextCursor: string | null } {
  return { items: page.items, nextCursor: page.nextCursor ?? until ?? null };
}
