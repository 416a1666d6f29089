import { rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { createTestCluster } from '@arcadium/postgres/testing-cluster';
import type { TestDatabase } from '@arcadium/postgres/testing';
import { createTestDatabase, Plans, reportPlans, type PlanSummary } from '@arcadium/prisma/testing';
import { median } from '../compare/summary.ts';
import { openRows } from './rows.ts';
import { seedTables, type TableSize } from './seed.ts';

export interface TablesPlan {
  readonly small: TableSize;
  readonly large: TableSize;
  /** Runs of each row that are measured, and before them. */
  readonly runs: number;
  readonly warmUpRuns: number;
}

/** One row at one size. */
interface Measured extends PlanSummary {
  readonly ms: number;
}

/** One procedure at both sizes. */
export interface TablesRow {
  readonly name: string;
  readonly small: Measured;
  readonly large: Measured;
}

/** Settings that make filling fast, and that keep what is measured in memory. */
const settings = ['shared_buffers=1GB', 'max_wal_size=8GB', 'fsync=off'];

/** Measures the statements of notification and wiki with few rows and with many, on a PostgreSQL of its own. */
export async function measureTables(plan: TablesPlan, say: (line: string) => void): Promise<TablesRow[]> {
  await using cluster = await createTestCluster({ settings });
  // Gigabytes, which should not stay after Ctrl-C.
  process.once('exit', () => rmSync(dirname(cluster.dataDir), { recursive: true, force: true }));
  const measured: Map<string, Measured>[] = [];
  for (const size of [plan.small, plan.large]) {
    const database = await createTestDatabase(['notification', 'wiki'], {
      adminUrl: cluster.adminUrl,
      runId: 'bench',
    });
    const startedAt = performance.now();
    await seedTables(database.adminUrl, size);
    const seconds = Math.round((performance.now() - startedAt) / 1000);
    const [notifications, pages] = [size.notifications, size.pages].map((n) => n.toLocaleString('en'));
    say(`${notifications} notifications and ${pages} pages are there, after ${seconds} s`);
    measured.push(await measureRows(database, size, plan));
  }
  const [small, large] = measured;
  return [...(small ?? [])].flatMap(([name, row]) => {
    const other = large?.get(name);
    return other ? [{ name, small: row, large: other }] : [];
  });
}

/** First the time, then the plans: to report plans takes time. */
export async function measureRows(
  database: TestDatabase,
  size: TableSize,
  { runs, warmUpRuns }: Pick<TablesPlan, 'runs' | 'warmUpRuns'>,
): Promise<Map<string, Measured>> {
  const plans = new Plans();
  const times = new Map<string, number>();
  {
    await using owner = new AsyncDisposableStack();
    for (const row of await openRows(database, { size, plans, owner })) {
      const ms: number[] = [];
      for (let run = 0; run < warmUpRuns + runs; run += 1) {
        const startedAt = performance.now();
        await row.run(run);
        if (run >= warmUpRuns) ms.push(performance.now() - startedAt);
      }
      times.set(row.name, median(ms));
    }
  }
  await reportPlans(database.adminUrl);
  await using owner = new AsyncDisposableStack();
  const measured = new Map<string, Measured>();
  const rows = await openRows(database, { size, plans, owner });
  for (const row of rows) {
    // The last run counts: PostgreSQL plans the first ones for their values.
    for (let run = 0; run <= warmUpRuns; run += 1) {
      plans.take();
      await row.run(warmUpRuns + runs + run);
    }
    measured.set(row.name, { ms: times.get(row.name) ?? Number.NaN, ...plans.take() });
  }
  return measured;
}
