/**
 * Formats rows of text in columns; the first row is the head.
 *
 * @param rows All of the same length.
 */
export function drawTable(rows: readonly (readonly string[])[]): string {
  const columns = (rows[0] ?? []).keys().toArray();
  const widths = columns.map((column) => Math.max(...rows.map((row) => (row[column] ?? '').length)));
  const lines = rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
  return [lines[0], widths.map((width) => '─'.repeat(width)).join('  '), ...lines.slice(1)].join('\n');
}
