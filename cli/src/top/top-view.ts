import { styleText } from 'node:util';
import { drawTable } from '../table.ts';
import type { CallFigures } from './call-figures.ts';
import type { Unread } from './read-metrics.ts';

interface Column {
  readonly name: string;
  readonly cell: (figures: CallFigures) => string;
  /** Sorts the rows: the smallest first. */
  readonly order: (figures: CallFigures) => number | string;
  /** The column that goes first where the terminal is narrow has the highest number; 0 stays. */
  readonly spared: number;
  /** @default to the left */
  readonly right?: true;
}

/** The columns of the table, from left to right. */
export const columns = [
  { name: 'procedure', cell: nameOf, order: nameOf, spared: 0 },
  { name: 'caller', cell: ({ caller }) => caller, order: ({ caller }) => caller, spared: 1 },
  number('rate', ({ rate }) => rate, { cell: ({ rate }) => `${text(rate)}/s`, spared: 0 }),
  {
    ...number('success', ({ success }) => success, { cell: ({ success }) => share(success), spared: 0 }),
    order: ({ success }: CallFigures) => success,
  },
  number('p50', ({ p50 }) => p50, { cell: ({ p50 }) => duration(p50), spared: 4 }),
  number('p95', ({ p95 }) => p95, { cell: ({ p95 }) => duration(p95), spared: 2 }),
  number('p99', ({ p99 }) => p99, { cell: ({ p99 }) => duration(p99), spared: 3 }),
  number('retries', ({ retries }) => retries, {
    cell: ({ retries }) => (retries === null ? '–' : `${text(retries)}/s`),
    spared: 6,
  }),
  {
    name: 'breaker',
    cell: ({ breaker }) => breaker ?? '–',
    order: ({ breaker }) => (breaker === 'open' ? 0 : breaker === 'half-open' ? 1 : 2),
    spared: 5,
  },
] as const satisfies readonly Column[];

export const columnNames = columns.map(({ name }) => name);
export type ColumnName = (typeof columns)[number]['name'];

/** A column of numbers, the largest first. */
function number<Name extends string>(
  name: Name,
  value: (figures: CallFigures) => number | null,
  { cell, spared }: { cell: (figures: CallFigures) => string; spared: number },
) {
  return { name, cell, spared, order: (of: CallFigures) => -(value(of) ?? -1), right: true } as const;
}

/** Sorts rows by a column; those that are equal there by rate, then by name. */
export function sorted(rows: readonly CallFigures[], by: ColumnName): CallFigures[] {
  const { order } = columns.find(({ name }) => name === by) ?? columns[0];
  return rows.toSorted(
    (one, other) =>
      compare(order(one), order(other)) ||
      other.rate - one.rate ||
      compare(nameOf(one) + one.caller, nameOf(other) + other.caller),
  );
}

function compare(one: number | string, other: number | string): number {
  return one < other ? -1 : one > other ? 1 : 0;
}

/** The figures of one interval. */
export interface Shown {
  readonly rows: readonly CallFigures[];
  readonly unread: readonly Unread[];
  readonly processes: number;
  readonly seconds: number;
  readonly sort: ColumnName;
}

/** What is shown, as lines. @param size Of the terminal; undefined for all columns and all rows. */
export function topLines(shown: Shown, size?: { width: number; height: number }): string[] {
  const { rows, unread, processes, seconds, sort } = shown;
  const all = text(rows.reduce((sum, { rate }) => sum + rate, 0));
  const head = [
    `${all} calls/s`,
    `${processes - unread.length} of ${processes} processes`,
    `${seconds.toFixed(1)} s`,
    `by ${sort}`,
  ].join(' · ');
  const problems = unread.map(({ service, url, reason }) => `${service} at ${url}: ${reason}`);
  const room = size && Math.max(1, size.height - problems.length - 5);
  const ordered = sorted(rows, sort);
  const visible = ordered.slice(0, room);
  const left = ordered.length - visible.length;
  const table = rows.length === 0 ? ['', 'No calls in this interval.'] : tableLines(visible, size?.width);
  const more = left > 0 ? [`… and ${left} more`] : [];
  const lines = [head, ...problems, ...table, ...more];
  if (!size) return lines.map(painted);
  return lines.slice(0, size.height - 1).map((line) => painted(cut(line, size.width)));
}

function tableLines(rows: readonly CallFigures[], width = Infinity): string[] {
  const kept: Column[] = [...columns];
  for (;;) {
    const cells = [
      kept.map(({ name }) => name),
      ...rows.map((row) => kept.map((column) => column.cell(row))),
    ];
    const right = kept.flatMap((column, place) => (column.right ? [place] : []));
    const lines = drawTable(cells, right).split('\n');
    const most = kept.reduce((worst, column) => (column.spared > worst.spared ? column : worst));
    if (Math.max(...lines.map((line) => line.length)) <= width || most.spared === 0) return lines;
    kept.splice(kept.indexOf(most), 1);
  }
}

/** Colours what is wrong, where the terminal has colours. */
function painted(line: string): string {
  if (/ open$| [0-8]\d(\.\d+)? %| \d(\.\d+)? %|^\S+ at http/.test(line)) return styleText('red', line);
  if (/ half-open$| 9\d(\.\d+)? %/.test(line)) return styleText('yellow', line);
  return line;
}

function cut(line: string, width: number): string {
  return line.length > width ? `${line.slice(0, Math.max(0, width - 1))}…` : line;
}

function nameOf({ service, procedure }: CallFigures): string {
  return `${service}.${procedure}`;
}

/** Three digits, without an exponent. */
function text(value: number): string {
  return value >= 100 ? value.toFixed(0) : String(Number(value.toPrecision(3)));
}

/** Never rounded up to 100 %. */
function share(value: number): string {
  return `${String(Math.floor(value * 10_000) / 100)} %`;
}

function duration(ms: number | null): string {
  if (ms === null) return '–';
  return ms >= 1000 ? `${text(ms / 1000)} s` : `${text(ms)} ms`;
}
