import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { compareHistory, readHistory, readMigrations } from '@arcadium/postgres/inspect';
import { compareWithSchema } from '@arcadium/postgres/migration-diff';
import type { Check } from './check.ts';
import { Needs } from './needs.ts';
import type { Context } from './context.ts';
import { schemaSession, urlOf, users } from './databases.ts';

async function withMigrations(context: Context): Promise<readonly string[]> {
  return (await users(context)).filter((service) => existsSync(folderOf(context, service)));
}

function folderOf(context: Context, service: string): string {
  return context.path('prisma', service, 'migrations');
}

/** Folders of migrations without SQL. */
function broken(context: Context, service: string): string[] {
  const folder = folderOf(context, service);
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && !existsSync(join(folder, entry.name, 'migration.sql')))
    .map(({ name }) => name);
}

/** The history of a schema, and how it differs from the checkout. @throws Needs */
function historyOf(context: Context, service: string) {
  return context.once(`history ${service}`, async () => {
    if (broken(context, service).length > 0) throw new Needs('migrations.unreadable');
    const session = await schemaSession(context, service, 'owner');
    const entries = await session.use((client) => readHistory(client, service));
    return { entries, ...compareHistory(entries, readMigrations(folderOf(context, service))) };
  });
}

export const migrations: readonly Check[] = [
  {
    id: 'migrations.unreadable',
    severity: 'error',
    title: 'Each migration has its SQL',
    remedy: 'Restore migration.sql from git, or remove the folder if it was never applied.',
    subjects: withMigrations,
    look: (context, service) => broken(context, service).map((name) => `${name} has no migration.sql`),
  },
  {
    id: 'migrations.pending',
    severity: 'warning',
    title: 'All migrations are applied',
    remedy: 'Start or restart the service: it applies them before it serves.',
    subjects: withMigrations,
    look: async (context, service) => {
      const { pending, interrupted } = await historyOf(context, service);
      return pending.filter((name) => !interrupted.includes(name)).map((name) => `${name} is not applied`);
    },
  },
  {
    id: 'migrations.edited',
    severity: 'error',
    title: 'Applied migrations are unchanged',
    remedy:
      'Restore the file, and put the change in a new migration: `npm run migration -w prisma -- <service> <name>`.',
    subjects: withMigrations,
    look: async (context, service) =>
      (await historyOf(context, service)).edited.map((name) => `${name} was edited after it was applied`),
  },
  {
    id: 'migrations.interrupted',
    severity: 'error',
    title: 'No migration was interrupted',
    remedy: 'Restart the service, which tries it again; its log says why it fails.',
    subjects: withMigrations,
    look: async (context, service) =>
      (await historyOf(context, service)).interrupted.map((name) => `${name} began and did not end`),
  },
  {
    id: 'migrations.newer',
    severity: 'warning',
    title: 'The schema is not newer than this checkout',
    remedy: 'Update the checkout; a release works with the schema of the next one, not with later ones.',
    subjects: withMigrations,
    look: async (context, service) =>
      (await historyOf(context, service)).newer.map(
        (name) => `the schema has ${name}, this checkout does not`,
      ),
  },
  {
    id: 'migrations.out-of-order',
    severity: 'warning',
    title: 'New migrations come after those that are applied',
    remedy: 'Give the folder a later time: elsewhere it would be applied in another order.',
    subjects: withMigrations,
    look: async (context, service) => {
      const { entries, pending, interrupted } = await historyOf(context, service);
      const last = entries.findLast(({ at }) => at !== null)?.name ?? '';
      return pending
        .filter((name) => name < last && !interrupted.includes(name))
        .map((name) => `${name} is older than ${last}, which is applied`);
    },
  },
  {
    id: 'migrations.drift',
    severity: 'warning',
    title: 'Tables are as the migrations made them',
    remedy: 'Undo what was changed by hand, or write a migration for it.',
    subjects: withMigrations,
    look: async (context, service) => {
      const { pending, edited, newer } = await historyOf(context, service);
      if (pending.length > 0) throw new Needs('migrations.pending');
      if (edited.length > 0) throw new Needs('migrations.edited');
      if (newer.length > 0) throw new Needs('migrations.newer');
      const schema = context.path('prisma', service, 'schema.prisma');
      const sql = await compareWithSchema(service, urlOf(context, service, 'owner'), schema);
      const statements = sql.split('\n').filter((line) => /^[A-Z]/.test(line));
      return statements.length === 0
        ? undefined
        : `the schema differs from schema.prisma; this would undo it: ${statements.slice(0, 3).join(' ')}`;
    },
  },
];
