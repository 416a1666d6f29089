import type { MigrationsView, ServiceView, StatementView } from '@arcadium/contracts/dashboard';
import type { Span } from '../metrics/timeline.ts';
import type { DatabaseState } from './mesh-state.ts';
import type { ProcessRecord } from './process-record.ts';

/** Most statements of a service that are shown. */
const mostStatements = 20;

/** The database of a service, by what its processes tell; `null` if none tells. @param span Of the rates. */
export function databaseOf(processes: readonly ProcessRecord[], span: Span): ServiceView['database'] {
  const telling = processes.filter(({ mesh }) => mesh?.database !== undefined);
  if (telling.length === 0) return null;
  const statements = new Map<string, StatementView>();
  for (const process of telling)
    for (const { name, calls, failures, total_ms, longest_ms } of process.mesh?.database?.statements ?? []) {
      const before = statements.get(name);
      const totalMs = (before?.totalMs ?? 0) + total_ms;
      const all = (before?.calls ?? 0) + calls;
      const rate = process.statements.rate(name, span);
      statements.set(name, {
        name,
        rate: rate === null ? (before?.rate ?? null) : (before?.rate ?? 0) + rate,
        calls: all,
        failures: (before?.failures ?? 0) + failures,
        totalMs,
        meanMs: all === 0 ? 0 : totalMs / all,
        longestMs: Math.max(before?.longestMs ?? 0, longest_ms),
      });
    }
  return {
    statements: [...statements.values()].toSorted((a, b) => b.totalMs - a.totalMs).slice(0, mostStatements),
    migrations: migrationsOf(telling.flatMap(({ mesh }) => mesh?.database?.migrations ?? [])),
  };
}

type Migrations = NonNullable<DatabaseState['migrations']>;

/** Of the process that found the most applied: all of them migrate one schema. Of two, the one with a problem. */
function migrationsOf(told: readonly Migrations[]): MigrationsView | null {
  const trouble = ({ failed, pending }: Migrations) => (failed === null ? 0 : 1) + Math.min(pending, 1);
  const [found] = told.toSorted((a, b) => b.applied - a.applied || trouble(b) - trouble(a));
  if (!found) return null;
  const { applied, last, pending, failed } = found;
  return { applied, last: last && { name: last.name, at: last.applied_at }, pending, failed };
}
