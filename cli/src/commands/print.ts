import { drawTable } from '../table.ts';

/** Prints items as JSON, or as a table with the given columns. */
export function printList<Column extends string>(
  items: readonly Readonly<Record<Column, string | null>>[],
  columns: readonly Column[],
  { json = false }: { json?: boolean | undefined },
): void {
  if (json) console.log(JSON.stringify(items, undefined, 2));
  else console.log(drawTable([columns, ...items.map((item) => columns.map((name) => cell(item[name])))]));
}

/** Times are cut to seconds, so that a row fits the screen. */
function cell(value: string | null): string {
  return (value ?? '').replace(/^(\d{4}-\d\d-\d\d)T(\d\d:\d\d:\d\d)\.\d{3}Z$/, '$1 $2');
}
