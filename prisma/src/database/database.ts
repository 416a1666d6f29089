import { setTimeout as delay } from 'node:timers/promises';

import type { MeshError } from '@arcadium/mesh/wire';
import { PrismaPg } from '@prisma/adapter-pg';
import { Client, type Pool } from 'pg';

import { Availability } from './availability.ts';
import { CallPool } from './call-pool.ts';
import { classifyDatabaseError } from './classify.ts';
import { hasCode, isDatabaseUnavailable } from './database-errors.ts';
import type { Logger } from '../logger.ts';
import { keepOwnContext } from './own-context.ts';
import { connectionConfig, longestStatementMs, pooledConfig, sessionOptions } from './session.ts';
import { connectStatements } from './statement.ts';
import { Writes } from './writes.ts';

export { isDatabaseUnavailable, isForAllWrites, isInTheWay, isUniqueViolation } from './database-errors.ts';
export type { Logger } from '../logger.ts';

/** What every generated Prisma client has. */
interface Disconnectable {
  $disconnect(): Promise<void>;
}

/** What {@link openDatabase} needs to know. */
export interface DatabaseOptions<Client extends Disconnectable> {
  /** `postgres://role:password@host:port/database`. */
  url: string;
  /** The service's schema, e.g. `auth`. */
  schema: string;
  /** The service's generated `PrismaClient` class. */
  client: new (options: { adapter: PrismaPg }) => Client;
  logger: Logger;
  /**
   * Whether `url` leads through a connection pooler, as PgBouncer in transaction mode: then sessions have the settings of
   * their role alone, {@link DatabaseOptions.queryTimeoutMs} included. @default false
   */
  pooled?: boolean;
  /** Most connections at once. @default 10 */
  poolMax?: number;
  /** Longest wait for a connection, new or from the pool, in milliseconds. @default 5000 */
  connectTimeoutMs?: number;
  /** A connection unused for so long is closed, in milliseconds. @default 1800000 */
  idleTimeoutMs?: number;
  /**
   * Longest time for one query, in milliseconds. PostgreSQL ends it then, and
   * frees the connection; where no answer comes even to that, the connection is
   * given up a second later. It frees the pool from a server that vanished without
   * closing its sockets, which TCP alone notices after a quarter of an hour.
   * @default 16000, a little more than the longest that a procedure may take
   */
  queryTimeoutMs?: number;
}

/** A service's way into its schema. */
export interface Database<Client> {
  client: Client;
  /** The pool under the client, for SQL that Prisma has no words for. */
  pool: Pool;
  /**
   * Resolves when the database answers within a second.
   * @throws Error of which {@link isDatabaseUnavailable} is true when it does not.
   */
  ping(): Promise<void>;
  /**
   * For `serve`: how the database is, and what an error of it means to a
   * caller: SERVICE_UNAVAILABLE where it cannot be reached, and where it takes
   * no writes, which makes the service degraded.
   */
  readonly serving: {
    pingDatabase(): Promise<void>;
    takesWrites(): boolean;
    classify(error: unknown): MeshError | undefined;
  };
  /** Lets running queries end, for up to 5 s, and closes every connection. May be called again. */
  close(): Promise<void>;
}

const pingTimeoutMs = 1_000;
const closeTimeoutMs = 5_000;

/**
 * Opens one pool and a Prisma client on it. Connects at the first query, so it
 * succeeds while the database is away; a pool that lost its connections makes
 * new ones by itself. What a call asks for ends with the call: see {@link CallPool}.
 */
export function openDatabase<Client extends Disconnectable>(
  options: DatabaseOptions<Client>,
): Database<Client> {
  const { url, schema, logger, pooled = false, queryTimeoutMs = longestStatementMs } = options;
  const { connectTimeoutMs = 5_000 } = options;
  const pool = new CallPool({
    ...pooledConfig(url, connectTimeoutMs),
    ...(!pooled && { options: sessionOptions(schema, queryTimeoutMs) }),
    max: options.poolMax ?? 10,
    idleTimeoutMillis: options.idleTimeoutMs ?? 1_800_000,
    query_timeout: queryTimeoutMs + 1_000,
  });
  const client = new options.client({ adapter: new PrismaPg(pool, { schema }) });
  keepOwnContext(client);
  // A pooler lends the sessions in which statements would have their names to others.
  connectStatements(client, { pool, named: !pooled });
  const writes = new Writes(schema, logger);
  const alone = {
    ...(pooled ? pooledConfig(url, pingTimeoutMs) : connectionConfig(url, schema, pingTimeoutMs)),
    query_timeout: pingTimeoutMs,
  };
  const askAlone = () => askOver(new Client(alone));
  const ping = createPing(pool, askAlone, writes);
  const availability = new Availability({ schema, ping, ask: askAlone, log: logger });
  survivePoolErrors(pool, availability);
  let closing: Promise<void> | undefined;
  return {
    client,
    pool,
    ping,
    serving: {
      pingDatabase: () => availability.ping(),
      takesWrites: () => writes.taken,
      classify: (error) => classifyDatabaseError(error, { availability, writes }),
    },
    close() {
      availability.close();
      return (closing ??= close(client, pool, logger));
    },
  };
}

/**
 * An 'error' event without a listener ends the process, and a lost connection
 * is one: from the pool while it is idle, from the connection itself while
 * somebody holds it.
 */
function survivePoolErrors(pool: Pool, availability: Availability): void {
  pool.on('error', () => {}); // idle ones; the listener below tells of them too
  pool.on('connect', (connection) => {
    connection.on('error', () => {});
    // The first error of a connection is the cause, those after it say that it is gone.
    connection.once('error', (error) => availability.failed(error));
  });
}

/**
 * A ping that never queues up: while one is under way, it is the answer for
 * all; and while the pool has no connection left, which says that the service
 * is busy or a table is locked, it takes one of its own.
 */
function createPing(
  pool: Pool,
  askAlone: () => Promise<boolean | undefined>,
  writes: Writes,
): () => Promise<void> {
  const ask = async (): Promise<void> => {
    const full = pool.idleCount === 0 && pool.totalCount >= pool.options.max;
    const readOnly = await (full ? askAlone() : isReadOnly(pool));
    if (readOnly !== undefined) writes.observe(readOnly);
  };
  let underWay: Promise<void> | undefined;
  return async () => {
    underWay ??= ask().finally(() => (underWay = undefined));
    const timer = new AbortController();
    const late = delay(pingTimeoutMs, undefined, { signal: timer.signal }).then(() => {
      throw Object.assign(new Error(`the database did not answer within ${pingTimeoutMs} ms`), {
        code: 'ETIMEDOUT',
      });
    });
    try {
      await Promise.race([underWay, late]);
    } finally {
      timer.abort();
      late.catch(() => {});
      underWay?.catch(() => {}); // it may fail when nobody waits for it any more
    }
  };
}

async function isReadOnly(asked: Pool | Client): Promise<boolean> {
  const { rows } = await asked.query<{ value: string }>(
    `SELECT current_setting('transaction_read_only') AS value`,
  );
  return rows[0]?.value === 'on';
}

const noRoom = new Set(['53300']);

/** @returns `undefined` where it is there, and has no connection to spare beside those of the pool. */
async function askOver(connection: Client): Promise<boolean | undefined> {
  connection.on('error', () => {}); // the query under way reports it
  try {
    await connection.connect();
    return await isReadOnly(connection);
  } catch (error) {
    if (!hasCode(error, noRoom)) throw error;
    return undefined;
  } finally {
    await connection.end().catch(() => {});
  }
}

async function close(client: Disconnectable, pool: Pool, logger: Logger): Promise<void> {
  const timer = new AbortController();
  const ended = Promise.all([client.$disconnect(), pool.end()]).then(() => true);
  const late = delay(closeTimeoutMs, false, { signal: timer.signal }).catch(() => false);
  try {
    if (!(await Promise.race([ended, late])))
      logger.warn({ connections: pool.totalCount }, 'database connections still busy');
  } catch (error) {
    if (!isDatabaseUnavailable(error)) throw error;
  } finally {
    timer.abort();
  }
}
