import type { ReactNode } from 'react';
import { TableRoom } from './panel.tsx';

/** The name of a column; `number` for one whose cells are aligned to the right. */
export type Column = string | { readonly number: string };

interface Table {
  label: string;
  columns: readonly Column[];
  /** Rows. */
  children: ReactNode;
}

/** A table with the names of its columns, which scrolls by itself where it does not fit. */
export function Table({ label, columns, children }: Table) {
  return (
    <TableRoom label={label}>
      <table>
        <thead>
          <tr>
            {columns.map((column) =>
              typeof column === 'string' ? (
                <th key={column} scope="col">
                  {column}
                </th>
              ) : (
                <th key={column.number} scope="col" className="number">
                  {column.number}
                </th>
              ),
            )}
          </tr>
        </thead>
        <tbody>{children}</tbody>
      </table>
    </TableRoom>
  );
}

/** Columns of numbers. */
export function numbers(...names: string[]): Column[] {
  return names.map((number) => ({ number }));
}
