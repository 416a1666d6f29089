import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

import { readDevSettings, type DevSettings } from './dev-settings.ts';
import { startEmbedded } from '../embedded/embedded.ts';
import { repositoryFolder } from '../folders.ts';
import type { Logger } from '../logger.ts';
import { watchParents } from './parents.ts';
import { provision, provisionSchemas, type ProvisionedService } from '../provision/provision.ts';
import { withClient } from '../provision/with-client.ts';

// The development database, one of the processes of `npm run dev`: it runs
// until it is told to stop, or until whoever started it is gone.
//
// node src/dev.ts [root]   root: the folder with prisma/.env and services/ (default: this repository)

/** How long a PostgreSQL that died stays down, in milliseconds. */
const restartDelayMs = 1_000;

/** How long services may take to leave the database when all stops, in milliseconds. */
const stopPatienceMs = 3_000;

type Embedded = Extract<DevSettings, { kind: 'embedded' }>;

const root = process.argv[2] ?? repositoryFolder;
const stop = new AbortController();

const logger: Logger = {
  info: () => {}, // the one line below says it all
  warn: (fields, message) => console.warn(`database: ${message}`, fields),
  error: (fields, message) => console.error(`database: ${message}`, fields),
};

// Ctrl-C in a terminal reaches us directly and through turbo: twice is normal.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => stop.abort());
}

// With turbo goes the reader of our output; that is the watchdog's business, not a crash.
process.stdout.on('error', () => {});
process.stderr.on('error', () => {});

const watchdog = watchParents(() => stop.abort());

try {
  await run(readDevSettings(process.env, root));
} catch (error) {
  // Told to stop while starting: Ctrl-C reaches initdb too, and its end is no failure.
  if (!stop.signal.aborted) {
    console.error(`database: ${describe(error)}`);
    process.exitCode = 1;
  }
} finally {
  watchdog.stop();
}

async function run(settings: DevSettings): Promise<void> {
  if (settings.kind === 'embedded') return serveUntilStopped(settings);
  const { url, schemas } = settings;
  await provisionSchemas({ url, schemas, logger });
  console.log(`database: DATABASE_URL is set, so that PostgreSQL is used; schemas ${schemas.join(', ')}`);
  await stopped(); // the watchdog's timer keeps the process alive
}

async function serveUntilStopped(settings: Embedded): Promise<void> {
  await serve(settings);
  while (!stop.signal.aborted) {
    await delay(restartDelayMs, undefined, { signal: stop.signal }).catch(() => {});
    if (stop.signal.aborted) return;
    // It has worked before, so what fails now may pass: a port or memory not yet given back.
    await serve(settings).catch((error) => console.error(`database: ${describe(error)}, trying again`));
  }
}

/** Starts and provisions; waits for the stop or for PostgreSQL's end, and leaves nothing running. */
async function serve({ port, password, services }: Embedded): Promise<void> {
  const dataDir = join(root, '.data', 'postgres');
  const server = await startEmbedded({ dataDir, port, password, persistent: true });
  try {
    await provision({ adminUrl: server.adminUrl, services, logger });
    console.log(`database: PostgreSQL ready on 127.0.0.1:${port}, schemas ${names(services)}`);
    const end = await Promise.race([server.exited, stopped().then(() => servicesGone(server.adminUrl))]);
    if (end !== undefined && !stop.signal.aborted) {
      console.error(
        `database: PostgreSQL ended by itself (${end}), starting it again in ${restartDelayMs} ms`,
      );
    }
  } finally {
    await server.stop();
  }
}

/** Waits until the services, which stop at the same time, have left: then none of them sees its database go. */
async function servicesGone(adminUrl: string): Promise<undefined> {
  const others =
    "SELECT FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()";
  const deadline = performance.now() + stopPatienceMs;
  await withClient(adminUrl, undefined, async (admin) => {
    while (performance.now() < deadline && (await admin.query(others)).rowCount) await delay(50);
  }).catch(() => {}); // PostgreSQL is gone itself
  return undefined;
}

function stopped(): Promise<undefined> {
  if (stop.signal.aborted) return Promise.resolve(undefined);
  return new Promise((resolve) =>
    stop.signal.addEventListener('abort', () => resolve(undefined), { once: true }),
  );
}

function names(services: readonly ProvisionedService[]): string {
  return (
    services.map((service) => service.name).join(', ') || '(none: no services/*/.env has a DATABASE_URL)'
  );
}

function describe(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
