import { withClient } from '@arcadium/postgres/testing';
import type { Pool } from 'pg';

/** What PostgreSQL did for the statements of a run. */
export interface PlanSummary {
  /** Blocks of 8 KiB read, from memory or disk. */
  readonly blocks: number;
  /** Rows that were looked at in tables. */
  readonly rows: number;
  /** Indexes that were read, and tables that were read as a whole (`scan of …`), with the rows sorted (`sort of …`). */
  readonly ways: readonly string[];
}

interface PlanNode {
  readonly 'Node Type': string;
  readonly 'Relation Name'?: string;
  readonly 'Index Name'?: string;
  readonly 'Actual Rows'?: number;
  readonly 'Actual Loops'?: number;
  readonly 'Rows Removed by Filter'?: number;
  readonly 'Rows Removed by Index Recheck'?: number;
  readonly 'Shared Hit Blocks'?: number;
  readonly 'Shared Read Blocks'?: number;
  readonly Plans?: readonly PlanNode[];
}

/** Rows that are worth a mention when they are sorted. */
const manySorted = 5000;

/** Makes PostgreSQL send the plan of each statement to its client, in sessions from now on. @param adminUrl The superuser's. */
export function reportPlans(adminUrl: string): Promise<void> {
  return withClient(adminUrl, undefined, async (client) => {
    const { rows } = await client.query<{ name: string }>('SELECT quote_ident(current_database()) AS name');
    await client.query(`LOAD 'auto_explain'`);
    for (const setting of [
      `session_preload_libraries = 'auto_explain'`,
      'auto_explain.log_min_duration = 0',
      'auto_explain.log_analyze = on',
      'auto_explain.log_timing = off',
      'auto_explain.log_buffers = on',
      'auto_explain.log_format = json',
      'auto_explain.log_level = notice',
    ])
      await client.query(`ALTER DATABASE ${rows[0]?.name} SET ${setting}`);
  });
}

/** The plans that the sessions of pools report, as auto_explain sends them. */
export class Plans {
  #plans: PlanNode[] = [];

  /** Takes the plans of a pool that has no connection yet. */
  follow(pool: Pool): void {
    pool.on('connect', (client) => {
      client.on('notice', ({ message = '' }) => {
        const json = /plan:\n(\{[^]*\})\s*$/.exec(message)?.[1];
        if (json !== undefined) this.#plans.push((JSON.parse(json) as { Plan: PlanNode }).Plan);
      });
    });
  }

  /** What happened since the last time. */
  take(): PlanSummary {
    const plans = this.#plans;
    this.#plans = [];
    const blocks = plans
      .map((plan) => (plan['Shared Hit Blocks'] ?? 0) + (plan['Shared Read Blocks'] ?? 0))
      .reduce((sum, one) => sum + one, 0);
    const rows = plans.map(rowsOf).reduce((sum, one) => sum + one, 0);
    return { blocks, rows, ways: [...new Set(plans.flatMap(waysOf))] };
  }
}

function waysOf(node: PlanNode): string[] {
  const { 'Node Type': type, 'Relation Name': table, 'Index Name': index, Plans: below = [] } = node;
  const rows = (node['Actual Rows'] ?? 0) * (node['Actual Loops'] ?? 0);
  const own = index ?? (type === 'Seq Scan' && table !== undefined ? `scan of ${table}` : undefined);
  const sorted = type === 'Sort' && rows > manySorted ? [`sort of ${rows}`] : [];
  return [...(own === undefined ? [] : [own]), ...sorted, ...below.flatMap(waysOf)];
}

function rowsOf(node: PlanNode): number {
  const {
    'Relation Name': table,
    'Actual Rows': kept = 0,
    'Actual Loops': loops = 0,
    Plans: below = [],
  } = node;
  const dropped = (node['Rows Removed by Filter'] ?? 0) + (node['Rows Removed by Index Recheck'] ?? 0);
  const own = table === undefined ? 0 : (kept + dropped) * loops;
  return below.map(rowsOf).reduce((sum, one) => sum + one, own);
}
