import type { TablesPlan, TablesRow } from '../tables/measure.ts';
import { environmentLines, type Environment } from './environment.ts';
import { figure, table } from './table.ts';

export interface TablesReport {
  readonly environment: Environment;
  readonly plan: TablesPlan;
  /** Processes that were running or waiting for a core in the last 15 minutes, before and after. */
  readonly load: readonly [number, number];
  readonly rows: readonly TablesRow[];
}

/** The cost of the services' statements with few rows and with many, as Markdown. */
export function tablesMarkdown({ environment, plan, load, rows }: TablesReport): string {
  const [before, after] = load.map((value) => value.toFixed(1));
  const count = (value: number) => value.toLocaleString('en');
  const sizes = [plan.small, plan.large].map(
    ({ notifications, pages }) => `${count(notifications)} notifications and ${count(pages)} pages`,
  );
  return [
    '# Large tables',
    '',
    ...environmentLines(environment),
    `- load of the machine (average of 15 minutes) ${before} before and ${after} after: blocks and rows count more than the times`,
    `- few: ${sizes[0]}; many: ${sizes[1]}. Each user has 1,000 notifications, and each author a thousandth of the pages; one page in twenty is in the recycle bin`,
    `- the statements of the services over one connection; ms: medians of ${plan.runs} runs; blocks of 8 KiB and rows of tables that PostgreSQL looked at, and the indexes it used with many`,
    '',
    ...table(
      ['', 'ms, few', 'many', 'blocks, few', 'many', 'rows, few', 'many', 'by'],
      rows.map(({ name, small, large }) => [
        name,
        figure(small.ms),
        figure(large.ms),
        count(small.blocks),
        count(large.blocks),
        count(small.rows),
        count(large.rows),
        large.ways.join(', '),
      ]),
    ),
    '',
  ].join('\n');
}
