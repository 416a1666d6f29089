/** Rows of a list; one call examines a limited number of items, so that it does not hold the event loop. */
export interface Walked<Row> {
  /** At most one more than requested. */
  readonly rows: Row[];
  /** Continue before this number; `undefined` at the end of the list, or if there are rows enough. */
  readonly until: number | undefined;
}

/** Matches texts that contain this one; case does not matter. */
export function literal(text: string): RegExp {
  return new RegExp(RegExp.escape(text), 'i');
}
