import { restore, unlockingFrom, verify, type ReadBackup } from '@arcadium/postgres/backup';
import { migrationsFolder } from '@arcadium/prisma/folders';
import type { Command } from 'commander';
import { settingsOf } from '../workspace.ts';
import { backupFolder, databaseOf, mustHaveSchema } from './database.ts';
import { examples } from './examples.ts';

/** `db restore <service>`. */
export function dbRestore(self: Command): Command {
  return examples(self, 'db restore wiki --replace')
    .argument('<service>', 'such as wiki')
    .option('--from <path>', 'a backup, or a folder, of which the newest is taken', backupFolder)
    .option('--replace', 'replace the rows that the service has')
    .action(async (service: string, { from, replace = false }: { from: string; replace?: boolean }) => {
      const database = databaseOf(service);
      const open = unlockingFrom(settingsOf());
      const folder = migrationsFolder(service);
      print(await restore({ ...database, service, folder, from, open, replace }));
    });
}

/** `db verify <service>`. */
export function dbVerify(self: Command): Command {
  return examples(self, 'db verify wiki --max-age 26')
    .argument('<service>', 'such as wiki')
    .option('--from <path>', 'a backup, or a folder, of which the newest is taken', backupFolder)
    .option('--max-age <hours>', 'fail if it is older', Number)
    .action(async (service: string, { from, maxAge }: { from: string; maxAge?: number }) => {
      mustHaveSchema(service);
      const read = await verify({ service, from, open: unlockingFrom(settingsOf()) });
      print(read);
      const hours = (Date.now() - Date.parse(read.createdAt)) / 3_600_000;
      if (maxAge !== undefined && !(hours <= maxAge))
        throw new Error(`The newest backup of ${service} is ${hours.toFixed(1)} hours old`);
    });
}

function print({ path, createdAt, migrations, rows }: ReadBackup): void {
  console.log(`${path}: as of ${createdAt}, up to the migration ${migrations.at(-1)?.name ?? '(none)'}`);
  for (const [table, count] of Object.entries(rows)) console.log(`${String(count).padStart(10)}  ${table}`);
}
