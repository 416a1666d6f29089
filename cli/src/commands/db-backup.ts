import { backupServices, encryptionFrom } from '@arcadium/postgres/backup';
import { servicesWithSchema } from '@arcadium/prisma/folders';
import type { Command } from 'commander';
import { settingsOf } from '../workspace.ts';
import { backupFolder, databaseOf } from './database.ts';
import { examples } from './examples.ts';
import { atLeastOne } from './numbers.ts';

interface Options {
  all?: boolean;
  to: string;
  keep?: number;
  unencrypted?: boolean;
}

/** `db backup <service…>`, or `db backup --all`. */
export function dbBackup(self: Command): Command {
  return examples(self, 'db backup --all --keep 7')
    .argument('[services...]', 'such as wiki')
    .option('--all', 'all services with a database')
    .option('--to <folder>', 'the folder for the backups', backupFolder)
    .option('--keep <n>', 'remove all but the newest backups of each service', atLeastOne)
    .option('--unencrypted', 'everyone who gets the file can read it')
    .action(async (given: string[], { all = false, unencrypted = false, ...options }: Options) => {
      if (all === given.length > 0) throw new Error('Give either the names of services, or --all');
      const services = (all ? servicesWithSchema() : given).map((name) => ({
        name,
        url: databaseOf(name).url,
      }));
      const encryption = encryptionFrom(settingsOf(), unencrypted);
      const stop = new AbortController();
      for (const signal of ['SIGTERM', 'SIGINT'] as const)
        process.once(signal, () => stop.abort(new Error(`stopped by ${signal}`)));
      for await (const outcome of backupServices({ ...options, services, encryption, signal: stop.signal })) {
        const { service, made, error } = outcome;
        if (error === undefined) {
          console.log(`${service}  ${made.rows} rows  ${made.bytes} bytes  ${made.path}`);
        } else {
          console.error(`${service} could not be backed up; its older backups are kept: ${error}`);
          process.exitCode = 1;
        }
      }
    });
}
