import { loadavg } from 'node:os';
import type { Options } from './options.ts';
import { describeEnvironment } from './report/environment.ts';
import { writeResult } from './report/results.ts';
import { tablesMarkdown, type TablesReport } from './report/tables.ts';
import { measureTables, type TablesPlan } from './tables/measure.ts';

/** About ten minutes, and up to 12 GB of disk. */
const fullPlan: TablesPlan = {
  small: { notifications: 10_000, pages: 10_000 },
  large: { notifications: 10_000_000, pages: 1_000_000 },
  runs: 20,
  warmUpRuns: 7,
};

/** Shows that it works; too small for figures. */
const quickPlan: TablesPlan = {
  small: { notifications: 10_000, pages: 1000 },
  large: { notifications: 100_000, pages: 10_000 },
  runs: 5,
  warmUpRuns: 7,
};

/**
 * Measures the statements of notification and wiki with few rows and with many, prints the table and writes the results.
 *
 * @returns Whether every row was measured completely.
 */
export async function runTables({ quick }: Options, say: (line: string) => void): Promise<boolean> {
  const plan = quick ? quickPlan : fullPlan;
  const average = () => loadavg()[2] ?? Number.NaN;
  const before = average();
  const rows = await measureTables(plan, say);
  const environment = describeEnvironment([], ['@prisma/client', 'pg']);
  const machine = { ...environment.machine, pinned: false };
  const report: TablesReport = {
    environment: { ...environment, machine },
    plan,
    load: [before, average()],
    rows,
  };
  const stem = quick ? 'quick-tables' : 'tables';
  const markdown = tablesMarkdown(report);
  const written = [
    writeResult(`${stem}.md`, markdown),
    writeResult(`${stem}.json`, `${JSON.stringify(report, null, 2)}\n`),
  ];
  say(markdown);
  say(`written: ${written.join(', ')}`);
  return true;
}
