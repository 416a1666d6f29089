import { databaseStatus, type DatabaseStatus } from '@arcadium/postgres/inspect';
import { migrationsFolder, servicesWithSchema } from '@arcadium/prisma/folders';
import type { Command } from 'commander';
import { databaseOf } from './database.ts';
import { printList } from './print.ts';

/** `db status [service] [--json]`: ends with 1 unless every database is ready for this version. */
export function dbStatus(self: Command): Command {
  return self
    .argument('[service]', 'such as wiki (default: all)')
    .option('--json', 'as JSON, with the names of the migrations')
    .addHelpText(
      'after',
      `
Ends with 0 if every database can be reached and has all migrations of this version as they are here, else with 1.

Examples:
  npm run mesh -- db status
  npm run mesh -- db status wiki --json`,
    )
    .action(async (service: string | undefined, { json = false }: { json?: boolean }) => {
      const names = service === undefined ? servicesWithSchema() : [service];
      const seen = await Promise.all(names.map(statusOf));
      if (json) console.log(JSON.stringify(seen, undefined, 2));
      else print(seen);
      if (!seen.every(isReady)) process.exitCode = 1;
    });
}

/** The state of a service's database. @throws Error if the service or its settings are not here. */
export function statusOf(service: string): Promise<DatabaseStatus> {
  return databaseStatus({ ...databaseOf(service), service, folder: migrationsFolder(service) });
}

function isReady({ problem, migrations }: DatabaseStatus): boolean {
  if (problem !== null || !migrations) return false;
  const { pending, edited, interrupted } = migrations;
  return pending.length + edited.length + interrupted.length === 0;
}

function print(seen: readonly DatabaseStatus[]): void {
  const rows = seen.map(({ service, reachable, migrations, bytes, connections, problem }) => ({
    service,
    database: reachable ? 'reachable' : 'not reachable',
    applied: count(migrations?.applied),
    pending: count(migrations?.pending),
    edited: count(migrations?.edited),
    newer: count(migrations?.newer),
    size: bytes === null ? null : `${(bytes / 2 ** 20).toFixed(1)} MiB`,
    connections: connections && `${connections.service} of ${connections.all}, at most ${connections.most}`,
    problem:
      problem ??
      (migrations?.interrupted.length ? `interrupted: ${migrations.interrupted.join(', ')}` : null),
  }));
  const columns = [
    'service',
    'database',
    'applied',
    'pending',
    'edited',
    'newer',
    'size',
    'connections',
    'problem',
  ] as const;
  printList(rows, columns, {});
}

function count(names: readonly string[] | undefined): string | null {
  return names ? String(names.length) : null;
}
