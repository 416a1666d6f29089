import { migrate } from '@arcadium/postgres/migrate';
import { migrationsFolder, servicesWithSchema } from '@arcadium/prisma/folders';
import type { Command } from 'commander';
import { commandLog } from '../command-log.ts';
import { databaseOf } from './database.ts';
import { statusOf } from './db-status.ts';

type Options = { dryRun?: boolean; json?: boolean };

/** `db migrate [service] [--dry-run] [--json]`: prints the migrations applied, or with `--dry-run` the pending ones. */
export function dbMigrate(self: Command): Command {
  return self
    .argument('[service]', 'such as wiki (default: all)')
    .option('--dry-run', 'print the names of the pending migrations, and apply none')
    .option('--json', 'as JSON, by service')
    .addHelpText(
      'after',
      `
Services do the same when they start. Any number of processes may migrate at once.

Examples:
  npm run mesh -- db migrate --dry-run
  npm run mesh -- db migrate wiki`,
    )
    .action(async (service: string | undefined, { dryRun = false, json = false }: Options) => {
      const names = service === undefined ? servicesWithSchema() : [service];
      const done: Record<string, string[]> = {};
      for (const name of names) {
        done[name] = await migrateOne(name, dryRun);
        if (!json) for (const migration of done[name]) console.log(`${name} ${migration}`);
      }
      if (json) console.log(JSON.stringify(done, undefined, 2));
    });
}

async function migrateOne(service: string, dryRun: boolean): Promise<string[]> {
  const { problem, migrations } = await statusOf(service);
  if (problem !== null) throw new Error(`The database of ${service} is not ready: ${problem}`);
  if (dryRun) return migrations?.pending ?? [];
  const { url } = databaseOf(service);
  return migrate({ service, url, folder: migrationsFolder(service), log: commandLog(service) });
}
