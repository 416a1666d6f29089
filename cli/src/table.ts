/**
 * Formats rows of text in columns; the first row is the head.
 *
 * @param rows All of the same length.
 * @param right Columns that are aligned to the right, from 0: numbers. @default none
 */
export function drawTable(rows: readonly (readonly string[])[], right: readonly number[] = []): string {
  const columns = (rows[0] ?? []).keys().toArray();
  const widths = columns.map((column) => Math.max(...rows.map((row) => (row[column] ?? '').length)));
  const lines = rows.map((row) =>
    row
      .map((cell, column) => {
        const width = widths[column] ?? 0;
        return right.includes(column) ? cell.padStart(width) : cell.padEnd(width);
      })
      .join('  ')
      .trimEnd(),
  );
  return [lines[0], widths.map((width) => '─'.repeat(width)).join('  '), ...lines.slice(1)].join('\n');
}
