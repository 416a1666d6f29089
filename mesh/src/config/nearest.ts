/** Largest edit distance of two names that are near. */
const mostWrong = 2;

/**
 * Finds the known name nearest to a misspelt one, ignoring case, at most two edits away; short names allow fewer or none.
 *
 * @example
 * nearest('LOG_LEVL', ['LOG_LEVEL', 'PORT']); // 'LOG_LEVEL'
 */
export function nearest(name: string, known: Iterable<string>): string | undefined {
  let found: string | undefined;
  let least = Infinity;
  for (const other of known) {
    const most = Math.min(mostWrong, (other.length - 2) / 3);
    // The distance is at least the difference in length.
    if (Math.abs(name.length - other.length) > most) continue;
    const wrong = distance(name.toUpperCase(), other.toUpperCase());
    if (wrong > most || wrong >= least) continue;
    found = other;
    least = wrong;
  }
  return found;
}

/**
 * The edit distance, with a swap of neighbours as one edit (optimal string alignment). May be too large beyond
 * `mostWrong`: cells further from the diagonal are left out.
 */
function distance(one: string, two: string): number {
  const rows: number[][] = [Array.from({ length: two.length + 1 }, (_, column) => column)];
  const at = (row: number, column: number) => rows[row]?.[column] ?? Infinity;
  for (let row = 1; row <= one.length; row += 1) {
    const cells = [row];
    rows.push(cells);
    const last = Math.min(two.length, row + mostWrong);
    for (let column = Math.max(1, row - mostWrong); column <= last; column += 1) {
      const same = one[row - 1] === two[column - 1] ? 0 : 1;
      const swapped = one[row - 1] === two[column - 2] && one[row - 2] === two[column - 1];
      cells[column] = Math.min(
        at(row - 1, column) + 1,
        at(row, column - 1) + 1,
        at(row - 1, column - 1) + same,
        swapped ? at(row - 2, column - 2) + 1 : Infinity,
      );
    }
  }
  return at(one.length, two.length);
}
