import { setTimeout as delay } from 'node:timers/promises';

import { backoffMs } from '@arcadium/mesh/config';
import { describeDatabaseError, hasCode, isDatabaseUnavailable } from '../database/database-errors.ts';
import { currentUrl, type DatabaseUrl } from '../database/database-url.ts';
import type { Logger } from '../logger.ts';
import { keepHistory } from '../provision/grants.ts';
import { noFilters, readMigrations, toMigrationList, type Migration } from './migration-list.ts';
import type { MigrationRecord } from './migration-record.ts';
import { MigrationSession } from './migration-session.ts';
import { findObstacle } from './obstacle.ts';
import { openSchemaEngine } from './schema-engine.ts';
import { WaitingLog } from './waiting-log.ts';

/** Longest wait between two checks of the database, in milliseconds. */
const longestRetryMs = 2_000;

/** Options of {@link migrate}. */
export interface MigrateOptions {
  /** The service; also the name of its schema. */
  service: string;
  /** The service's `DATABASE_OWNER_URL`: a role that may change its schema. */
  url: string;
  log: Logger;
  /** Ends a wait for the lock or the database, with the signal's reason. */
  signal?: AbortSignal;
  /** Folder of its migrations, absolute: `<name>/migration.sql` for each, applied in the order of their names. */
  folder: string;
  /** Where the state of the migrations is left: `migrations` of `openDatabase`. @default nowhere */
  record?: MigrationRecord;
}

/** A migration that PostgreSQL rejected. Nothing of it was applied, unless it contains CONCURRENTLY. */
export class MigrationError extends Error {
  override readonly name = 'MigrationError';
  readonly service: string;
  /** Name of the migration's folder. */
  readonly migration: string;

  constructor(service: string, migration: string, cause: unknown) {
    super(`migration ${migration} of ${service} failed: ${describe(cause)}`, { cause });
    this.service = service;
    this.migration = migration;
  }
}

/**
 * Applies the pending migrations of a service, oldest first, and records them in `_prisma_migrations` of its
 * schema. Each is one transaction with its record, so a crash or an error leaves nothing half done, and the
 * next start tries again. Any number of processes may do this at once: one works, the others wait and find
 * nothing to do.
 *
 * @returns Names of the migrations applied by this call.
 * @throws MigrationError with the migration; a connection error (`isDatabaseUnavailable`) while the database
 * is down.
 *
 * @example
 * await migrate({ service: 'wiki', folder: '/srv/wiki/migrations', url: ownerUrl, log });
 */
export async function migrate(options: MigrateOptions): Promise<string[]> {
  const { service, url, log, signal, folder } = options;
  const migrations = readMigrations(folder);
  const waiting = () =>
    log.info({ schema: service }, 'another process is migrating this schema, waiting for it');
  const session = await MigrationSession.open(service, url, waiting, signal);
  let failed: string | undefined;
  try {
    // Usually nothing is left to do, and loading the engine takes 0.1 s of CPU and 10 MB.
    const { complete, newer } = await session.compare(migrations);
    // A release expands the schema so that the version before it can live with it.
    if (newer.length > 0)
      log.info({ schema: service, migrations: newer }, 'the schema is newer than this version');
    if (complete) return [];
    await takeStock(session, options, migrations);
    return await applyPending(session, options, migrations);
  } catch (error) {
    if (error instanceof MigrationError) failed = error.migration;
    throw error;
  } finally {
    await takeStock(session, options, migrations, failed);
    await session.close();
  }
}

/** Updates the record. Never fails: without an answer, the record stays as it is. */
async function takeStock(
  session: MigrationSession,
  { record }: MigrateOptions,
  migrations: readonly Migration[],
  failed?: string,
): Promise<void> {
  const history = record && (await session.history().catch(() => undefined));
  if (!history) return;
  const { applied, last, interrupted } = history;
  record.figures = {
    applied: applied.size,
    last,
    pending: migrations.filter(({ name }) => !applied.has(name)).length,
    failed: failed ?? interrupted ?? null,
  };
}

async function applyPending(
  session: MigrationSession,
  options: MigrateOptions,
  migrations: Migration[],
): Promise<string[]> {
  const { service, log, folder } = options;
  const engine = await openSchemaEngine(session.factory());
  try {
    const all = { migrationsList: toMigrationList(folder, migrations), filters: noFilters };
    const state = await engine.diagnoseMigrationHistory({ ...all, optInToShadowDatabase: false });
    if (state.editedMigrationNames.length > 0) {
      log.warn(
        { service, migrations: state.editedMigrationNames },
        'migrations were edited after they were applied',
      );
    }
    for (const failed of state.failedMigrationNames) {
      // Only a migration that could not run in a transaction leaves such a record.
      log.warn(
        { schema: service, migration: failed },
        'a migration was interrupted earlier, trying it again',
      );
      await engine.markMigrationRolledBack({ migrationName: failed });
    }
    const pending = new Set([...pendingNames(state.history), ...state.failedMigrationNames]);
    const applied: string[] = [];
    // An empty schema gets all of them, as at every first start; changes of a schema in use are logged for
    // operators.
    const level = pending.size === migrations.length ? 'debug' : 'info';
    for (const [index, migration] of migrations.entries()) {
      if (!pending.has(migration.name)) continue;
      const startedAt = performance.now();
      const upToThis = toMigrationList(folder, migrations.slice(0, index + 1));
      const apply = () => engine.applyMigrations({ migrationsList: upToThis, filters: noFilters });
      await applyOne(session, service, migration, apply);
      const durationMs = Math.round(performance.now() - startedAt);
      log[level]?.({ schema: service, migration: migration.name, durationMs }, 'migration applied');
      applied.push(migration.name);
    }
    return applied;
  } finally {
    engine.free();
  }
}

async function applyOne(
  session: MigrationSession,
  service: string,
  migration: Migration,
  apply: () => Promise<unknown>,
): Promise<void> {
  const atOnce = runsInTransaction(migration.sql);
  try {
    if (atOnce) await session.begin();
    // It waits for all older transactions, and half of it cannot be undone.
    else await session.run('SET lock_timeout = 0');
    await apply();
    await session.run(keepHistory(service));
    if (atOnce) await session.commit();
    else await session.run('RESET lock_timeout');
  } catch (error) {
    if (atOnce) await session.rollback().catch(() => {}); // the connection may be gone, and the transaction with it
    const cause = session.scriptError ?? error;
    throw isDatabaseUnavailable(cause) ? cause : new MigrationError(service, migration.name, cause);
  }
}

/**
 * Statements like `CREATE INDEX CONCURRENTLY` cannot run in a transaction; they must be alone in their
 * migration.
 */
function runsInTransaction(sql: string): boolean {
  return !/\bCONCURRENTLY\b|\bVACUUM\b/i.test(sql.replaceAll(/--.*$/gm, ''));
}

type History = Awaited<
  ReturnType<Awaited<ReturnType<typeof openSchemaEngine>>['diagnoseMigrationHistory']>
>['history'];

function pendingNames(history: History): string[] {
  return history !== null && 'unappliedMigrationNames' in history ? history.unappliedMigrationNames : [];
}

/** `lock_timeout` of the owner has ended the wait for a lock. Nothing of the migration was applied. */
const lockedCodes: ReadonlySet<string> = new Set(['55P03']);

function isLocked(error: unknown): error is MigrationError {
  return error instanceof MigrationError && hasCode(error, lockedCodes);
}

/** PostgreSQL's message, detail and hint, without the engine's stack. */
function describe(cause: unknown): string {
  const error = cause as {
    message?: string;
    cause?: { originalMessage?: string; detail?: string; hint?: string };
  };
  const { originalMessage, detail, hint } = error.cause ?? {};
  const message = originalMessage ?? error.message?.split('\n   0:')[0] ?? String(cause);
  return [message, detail, hint].filter(Boolean).join(' · ');
}

/** Options of {@link migrateWhenReachable}. Functions that return URLs are called at each attempt. */
export interface MigrateWhenReachableOptions extends Omit<MigrateOptions, 'url'> {
  /** The service's `DATABASE_OWNER_URL`: a role that may change its schema. */
  url: DatabaseUrl;
  /** Its `DATABASE_URL`, with the role that reads and writes rows. @default the same as `url` */
  trafficUrl?: DatabaseUrl | undefined;
  /**
   * Its `DATABASE_DIRECT_URL`: the role and the database of `trafficUrl`, which may then lead through a
   * connection pooler.
   *
   * @default `trafficUrl` leads to PostgreSQL itself
   */
  directUrl?: DatabaseUrl | undefined;
  /** Wait after the first unsuccessful check, in milliseconds; doubles up to 2 s. @default 250 */
  retryMs?: number;
}

/**
 * Like {@link migrate}, but first waits until the database is ready for the service, and logs what it waits
 * for.
 *
 * @throws the signal's reason when it fires; any error that waiting does not solve.
 *
 * @example
 * await migrateWhenReachable({ service: 'wiki', folder, url: ownerUrl, trafficUrl: url, log, signal });
 */
export async function migrateWhenReachable(options: MigrateWhenReachableOptions): Promise<string[]> {
  const { service, log, signal, retryMs = 250 } = options;
  const waiting = new WaitingLog(service, log);
  for (let attempt = 1; ; attempt += 1) {
    signal?.throwIfAborted();
    const use = { service, ...urlsNow(options) };
    const obstacle = await findObstacle(use);
    signal?.throwIfAborted();
    if (obstacle) waiting.say(obstacle);
    else {
      try {
        const applied = await migrate({ ...options, url: use.url });
        waiting.end();
        return applied;
      } catch (error) {
        signal?.throwIfAborted();
        // The check succeeded, but the database has gone since, or others use the table.
        if (!isDatabaseUnavailable(error) && !isLocked(error)) throw error;
        waiting.say({ reason: isLocked(error) ? error.message : describeDatabaseError(error) });
      }
    }
    const waitMs = backoffMs(attempt, { baseMs: retryMs, maxMs: longestRetryMs, jitter: 0.2 });
    await delay(waitMs, undefined, signal ? { signal } : {});
  }
}

function urlsNow({ url, trafficUrl = url, directUrl }: MigrateWhenReachableOptions) {
  return {
    url: currentUrl(url),
    trafficUrl: currentUrl(trafficUrl),
    directUrl: directUrl === undefined ? undefined : currentUrl(directUrl),
  };
}
