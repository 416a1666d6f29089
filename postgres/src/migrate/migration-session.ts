import { setTimeout as delay } from 'node:timers/promises';

import { PrismaPg } from '@prisma/adapter-pg';
import type {
  SqlDriverAdapter,
  SqlMigrationAwareDriverAdapterFactory,
  SqlQuery,
  Transaction,
} from '@prisma/driver-adapter-utils';
import { Pool } from 'pg';

import { lockKey } from '../advisory-lock.ts';
import { connectionConfig } from '../database/session.ts';
import { compareHistory, entryOf, hasHistory, historyOf, type HistoryEntry } from './history.ts';
import type { Migration } from './migration-list.ts';
import type { MigrationFigures } from './migration-record.ts';

/** The key that Prisma's engine locks in the database before it migrates. */
const engineLock = 'pg_advisory_lock(72707369)';
/** Interval at which a lock is tried again, in milliseconds. */
const lockPollMs = 100;

/** The migrations of a schema. */
export interface History extends Pick<MigrationFigures, 'last'> {
  /** Their names. */
  applied: ReadonlySet<string>;
  interrupted: string | undefined;
}

/**
 * A connection that holds the service's migration lock and does all of the engine's work. The lock ends with
 * the connection, so nothing can migrate without it, and nothing stays locked.
 */
export class MigrationSession {
  /** PostgreSQL's error for the last failed script; the engine hides it under later errors. */
  scriptError: unknown;
  readonly #service: string;
  readonly #pool: Pool;
  readonly #connection: Transaction;

  private constructor(service: string, pool: Pool, connection: Transaction) {
    this.#service = service;
    this.#pool = pool;
    this.#connection = connection;
  }

  /**
   * Connects, and waits for the lock.
   *
   * @param onWait Called once if another process holds it.
   * @throws the connection's error; the signal's reason when it fires.
   */
  static async open(
    service: string,
    url: string,
    onWait: () => void,
    signal?: AbortSignal,
  ): Promise<MigrationSession> {
    const pool = new Pool({ ...connectionConfig(url, service, 5_000), max: 1 });
    pool.on('error', () => {}); // the running query reports it
    const connection = await beginOn(pool, service);
    const session = new MigrationSession(service, pool, connection);
    try {
      await session.commit();
      await session.#lock(onWait, signal);
      return session;
    } catch (error) {
      await session.close();
      throw error;
    }
  }

  /** Polls, because a session that *waits* in pg_advisory_lock would block CREATE INDEX CONCURRENTLY. */
  async #lock(onWait: () => void, signal?: AbortSignal): Promise<void> {
    const key = lockKey(`arcadium:migrate:${this.#service}`);
    for (let attempt = 1; ; attempt += 1) {
      signal?.throwIfAborted();
      const { rows } = await this.#connection.queryRaw(query(`SELECT pg_try_advisory_lock(${key})`));
      if (rows[0]?.[0] === true) return;
      if (attempt === 1) onWait();
      await delay(lockPollMs, undefined, signal ? { signal } : {});
    }
  }

  /**
   * Whether these migrations were all applied completely, with their current content, and the names of those
   * that the schema has from a newer version.
   */
  async compare(migrations: readonly Migration[]): Promise<{ complete: boolean; newer: readonly string[] }> {
    const { pending, edited, newer, interrupted } = compareHistory(await this.#entries(), migrations);
    return { complete: [pending, edited, interrupted].every((names) => names.length === 0), newer };
  }

  /** What the schema has, and a migration that was interrupted. */
  async history(): Promise<History> {
    const entries = await this.#entries();
    const done = entries.flatMap(({ name, at }) => (at === null ? [] : [{ name, at }]));
    const last = done.toSorted((a, b) => a.at - b.at || (a.name < b.name ? -1 : 1)).at(-1);
    return {
      applied: new Set(done.map(({ name }) => name)),
      last: last ? { name: last.name, applied_at: new Date(last.at).toISOString() } : null,
      interrupted: entries.find(({ at }) => at === null)?.name,
    };
  }

  async #entries(): Promise<HistoryEntry[]> {
    const { rows: tables } = await this.#connection.queryRaw(query(hasHistory(this.#service)));
    if (tables[0]?.[0] !== true) return [];
    const { rows } = await this.#connection.queryRaw(query(historyOf(this.#service)));
    return rows.map(entryOf);
  }

  begin(): Promise<unknown> {
    return this.run('BEGIN');
  }

  commit(): Promise<unknown> {
    return this.run('COMMIT');
  }

  rollback(): Promise<unknown> {
    return this.run('ROLLBACK');
  }

  run(sql: string): Promise<unknown> {
    return this.#connection.executeRaw(query(sql));
  }

  /** Closes the connection, and with it the lock and any open transaction. Never fails. */
  async close(): Promise<void> {
    await this.#connection.rollback().catch(() => {}); // only returns it to the pool
    await endPool(this.#pool);
  }

  /** The engine's connection factory. */
  factory(): SqlMigrationAwareDriverAdapterFactory {
    return {
      provider: 'postgres',
      adapterName: '@prisma/adapter-pg',
      connect: async () => this.#adapter(),
      connectToShadowDb: async () => {
        throw new Error('applying migrations needs no shadow database');
      },
    };
  }

  #adapter(): SqlDriverAdapter {
    const connection = this.#connection;
    return {
      provider: 'postgres',
      adapterName: '@prisma/adapter-pg',
      queryRaw: (sql) => connection.queryRaw(sql),
      // The engine's own lock is shared by all services and gives up after 10 s; ours is already held.
      executeRaw: async (sql) => (sql.sql.includes(engineLock) ? 0 : connection.executeRaw(sql)),
      // As one statement: the adapter splits scripts at every semicolon, even in function bodies and string
      // literals.
      executeScript: async (script) => {
        try {
          await connection.executeRaw(query(script));
        } catch (error) {
          this.scriptError = error;
          throw error;
        }
      },
      startTransaction: async () => {
        throw new Error('the migration engine was not expected to begin a transaction');
      },
      // Where the engine looks for _prisma_migrations, instead of in public.
      getConnectionInfo: () => ({ schemaName: this.#service, supportsRelationJoins: true }),
      dispose: async () => {},
    };
  }
}

function query(sql: string): SqlQuery {
  return { sql, args: [], argTypes: [] };
}

/** A separate connection; with the adapter that requires to begin a transaction. */
async function beginOn(pool: Pool, service: string): Promise<Transaction> {
  try {
    const adapter = await new PrismaPg(pool, { schema: service }).connect();
    return await adapter.startTransaction();
  } catch (error) {
    await endPool(pool);
    throw error;
  }
}

async function endPool(pool: Pool): Promise<void> {
  await pool.end().catch(() => {});
}
