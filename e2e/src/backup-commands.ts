import type { Database } from './database.ts';
import { startNode } from './process.ts';

/** What a command printed, and its exit code. */
export type Said = Readonly<{ code: number | NodeJS.Signals; output: string }>;

/** Backs up all services with the command of the images. */
export async function backUpAll(
  database: Database,
  environment: Readonly<Record<string, string>>,
  args: readonly string[],
): Promise<Said> {
  const command = startNode(
    'postgres/src/backup/main.ts',
    { ...urlsOf(database), ...environment },
    ['--disable-warning=ExperimentalWarning'],
    [...args, 'auth', 'notification', 'wiki'],
  );
  return { code: await command.ended, output: command.output() };
}

/** Runs `npm run mesh -- db …`. */
export async function meshDb(
  database: Database,
  environment: Readonly<Record<string, string>>,
  args: readonly string[],
): Promise<Said> {
  const command = startNode(
    'cli/src/mesh.ts',
    { ENVIRONMENT: 'e2e', ...urlsOf(database), ...environment },
    ['--disable-warning=ExperimentalWarning'],
    ['db', ...args],
  );
  return { code: await command.ended, output: command.output() };
}

function urlsOf(database: Database): Record<string, string> {
  return Object.fromEntries(
    ['auth', 'notification', 'wiki'].flatMap((service) => [
      [`${service.toUpperCase()}_DATABASE_URL`, database.url(service)],
      [`${service.toUpperCase()}_DATABASE_OWNER_URL`, database.ownerUrl(service)],
    ]),
  );
}
