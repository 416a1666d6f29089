import { within } from '@arcadium/mesh/config';
import type { MeshError } from '@arcadium/mesh/contract';
import type { DatabaseReport } from '@arcadium/mesh/server';
import { PrismaPg } from '@prisma/adapter-pg';
import type { Pool } from 'pg';

import { Availability } from './availability.ts';
import { measurePool } from './pool-metrics.ts';
import { CallPool } from './call-pool.ts';
import { classifyDatabaseError } from './classify.ts';
import { DatabaseClient } from './client.ts';
import { hasCode, isDatabaseUnavailable } from './database-errors.ts';
import type { DatabaseUrl } from './database-url.ts';
import { FollowedUrl } from './followed-url.ts';
import type { Logger } from '../logger.ts';
import { MigrationRecord } from '../migrate/migration-record.ts';
import { keepOwnContext } from './own-context.ts';
import { isReadOnly, primaryOf } from './primary.ts';
import { connectionConfig, longestStatementMs, pooledConfig, sessionOptions } from './session.ts';
import { connectStatements } from './statement.ts';
import { measureStatements, StatementTable } from './statement-table.ts';
import { Writes } from './writes.ts';

export {
  describeDatabaseError,
  isDatabaseUnavailable,
  isForAllWrites,
  isInTheWay,
  isUniqueViolation,
} from './database-errors.ts';
export type { Logger } from '../logger.ts';
export type { DatabaseUrl } from './database-url.ts';

/** Common to all generated Prisma clients. */
interface Disconnectable {
  $disconnect(): Promise<void>;
}

/** Options of {@link openDatabase}. */
export interface DatabaseOptions<Client extends Disconnectable> {
  /**
   * `postgres://role:password@host:port/database`. With several hosts, separated by commas, the database is on
   * the one that takes writes, and calls follow it to another within seconds.
   */
  url: string;
  /**
   * The file that `url` was read from. When it changes, new connections use the new URL, once one has
   * succeeded, and the older ones are closed as soon as they are idle.
   *
   * @default none: `url` stays in force
   */
  urlFile?: string | undefined;
  /** The same role and database without a connection pooler. @default `url` */
  directUrl?: string | undefined;
  /** The file that `directUrl` was read from. @default none */
  directUrlFile?: string | undefined;
  /** The service's schema, such as `auth`. */
  schema: string;
  /** The service's generated `PrismaClient` class. */
  client: new (options: { adapter: PrismaPg }) => Client;
  log: Logger;
  /**
   * Whether `url` leads through a connection pooler such as PgBouncer in transaction mode: sessions then have
   * only the settings of their role, including {@link DatabaseOptions.queryTimeoutMs}.
   *
   * @default false
   */
  pooled?: boolean;
  /** Most connections at once. @default 10 */
  poolMax?: number;
  /** Longest wait for a new or pooled connection, in milliseconds. @default 5000 */
  connectTimeoutMs?: number;
  /** How long an unused connection stays open, in milliseconds. @default 1800000 */
  idleTimeoutMs?: number;
  /**
   * Longest time for one query, in milliseconds. PostgreSQL then ends it and frees the connection. Without an
   * answer even to that, the connection is given up a second later, which frees the pool from a server that
   * disappeared without closing its sockets: TCP alone notices that after 15 minutes.
   *
   * @default 16000, slightly more than the longest timeout of a procedure
   */
  queryTimeoutMs?: number;
}

/** A service's access to its schema. */
export interface Database<Client> {
  client: Client;
  /** The pool of the client, for SQL that Prisma cannot express. */
  pool: Pool;
  /** The URL in force for what needs its own session, such as LISTEN: PostgreSQL itself. */
  readonly directUrl: DatabaseUrl;
  /**
   * Resolves when the database answers within a second.
   *
   * @throws Error for which {@link isDatabaseUnavailable} is true.
   */
  ping(): Promise<void>;
  /** Give it to `migrate`, so that `/api/mesh` shows the migrations. */
  readonly migrations: MigrationRecord;
  /**
   * For `serve`: the state of the database, and the meaning of its errors for callers: SERVICE_UNAVAILABLE if
   * it cannot be reached, and if it takes no writes, which also makes the service degraded.
   */
  readonly serving: {
    pingDatabase(): Promise<void>;
    takesWrites(): boolean;
    classify(error: unknown): MeshError | undefined;
    /** The 20 statements that took the most time in total since the start, and the migrations. */
    reportDatabase(): DatabaseReport;
  };
  /** Waits up to 5 s for running queries, and closes every connection. May be called several times. */
  close(): Promise<void>;
}

const pingTimeoutMs = 1_000;
/** Interval of health checks where the database may move to another server, in milliseconds. */
const watchMs = 1_000;
const closeTimeoutMs = 5_000;
/** Most statements in a report. */
const reported = 20;

/**
 * Opens a pool and a Prisma client on it. It connects with the first query, so it succeeds while the database
 * is down; a pool replaces lost connections itself. The queries of a call end with the call: see {@link
 * CallPool}.
 *
 * @example
 * const database = openDatabase({ url, schema: 'wiki', client: PrismaClient, log });
 * const service = await serve(wikiContract, handlers, { ...database.serving, port: 5000, version, log });
 * await database.close();
 */
export function openDatabase<Client extends Disconnectable>(
  options: DatabaseOptions<Client>,
): Database<Client> {
  const { url, schema, log, pooled = false, queryTimeoutMs = longestStatementMs } = options;
  const { connectTimeoutMs = 5_000 } = options;
  const follow = (setting: string, given: string, file: string | undefined) =>
    new FollowedUrl({ setting, url: given, file, schema, log });
  const traffic = follow('DATABASE_URL', url, options.urlFile);
  const direct =
    options.directUrl === undefined
      ? traffic
      : follow('DATABASE_DIRECT_URL', options.directUrl, options.directUrlFile);
  const poolConfig = {
    ...pooledConfig(url, connectTimeoutMs),
    ...(!pooled && { options: sessionOptions(schema, queryTimeoutMs) }),
    max: options.poolMax ?? 10,
    idleTimeoutMillis: options.idleTimeoutMs ?? 1_800_000,
    query_timeout: queryTimeoutMs + 1_000,
  };
  const pool = new CallPool(poolConfig, traffic);
  const statements = new StatementTable();
  pool.on('connect', (connection) => measureStatements(connection, statements));
  const migrations = new MigrationRecord();
  const client = new options.client({ adapter: new PrismaPg(pool, { schema }) });
  keepOwnContext(client);
  // A pooler lends the sessions in which statements would have their names to others.
  connectStatements(client, { pool, named: !pooled });
  const writes = new Writes(schema, log);
  const askAlone = () =>
    askOver(
      new DatabaseClient({
        ...(pooled
          ? pooledConfig(traffic.current, pingTimeoutMs)
          : connectionConfig(traffic.current, schema, pingTimeoutMs)),
        query_timeout: pingTimeoutMs,
      }),
    );
  const primary = primaryOf(url);
  const ping = createPing(pool, askAlone, { writes, doubt: () => primaryOf(traffic.current)?.doubt() });
  const availability = new Availability({ schema, ping, ask: askAlone, log });
  survivePoolErrors(pool, availability);
  // Nothing but an unanswered question shows that a server has gone without closing its connections.
  const watching = primary && setInterval(() => void availability.ping().catch(() => {}), watchMs).unref();
  const endMeasuring = measurePool(pool);
  let closing: Promise<void> | undefined;
  return {
    client,
    pool,
    directUrl: () => direct.current,
    ping,
    migrations,
    serving: {
      pingDatabase: () => availability.ping(),
      takesWrites: () => writes.taken,
      classify: (error) => classifyDatabaseError(error, { availability, writes }),
      reportDatabase: () => ({ statements: statements.longest(reported), migrations: migrations.figures }),
    },
    close() {
      clearInterval(watching);
      availability.close();
      endMeasuring();
      return (closing ??= Promise.all([traffic.close(), direct.close(), close(client, pool, log)]).then(
        () => undefined,
      ));
    },
  };
}

/**
 * Listens to 'error' events, which would otherwise end the process: from the pool for idle connections, from
 * a connection itself while it is lent.
 */
function survivePoolErrors(pool: Pool, availability: Availability): void {
  pool.on('error', () => {}); // idle ones; the listener below reports them too
  pool.on('connect', (connection) => {
    connection.on('error', () => {});
    // The first error of a connection is the cause; later ones only say that it is gone.
    connection.once('error', (error) => availability.failed(error));
  });
}

/**
 * A health check that never queues: concurrent calls share one. If the pool has no free connection, because
 * the service is busy or a table is locked, it opens a separate one.
 */
function createPing(
  pool: CallPool,
  askAlone: () => Promise<boolean | undefined>,
  { writes, doubt }: { writes: Writes; doubt: () => void },
): () => Promise<void> {
  const ask = async (): Promise<void> => {
    const full = pool.idleCount === 0 && pool.totalCount >= pool.options.max;
    let readOnly = await (full ? askAlone() : isReadOnly(pool));
    if (readOnly && !full) {
      // The pool's connections may lead to a former primary: a new one leads to the present one, if there is one.
      doubt();
      readOnly = await askAlone();
      if (readOnly === false) pool.renew();
    }
    if (readOnly !== undefined) writes.observe(readOnly);
  };
  let underWay: Promise<void> | undefined;
  return async () => {
    underWay ??= ask().finally(() => (underWay = undefined));
    const asking = underWay;
    const onLate = (): never => {
      const message = `the database did not answer within ${pingTimeoutMs} ms`;
      throw Object.assign(new Error(message), { code: 'ETIMEDOUT' });
    };
    try {
      await within(() => asking, { ms: pingTimeoutMs, onLate });
    } catch (error) {
      doubt();
      throw error;
    }
  };
}

const noRoom = new Set(['53300']);

/** @returns `undefined` if the server answers, but has no connection left besides those of the pool. */
async function askOver(connection: DatabaseClient): Promise<boolean | undefined> {
  connection.on('error', () => {}); // the running query reports it
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

async function close(client: Disconnectable, pool: Pool, log: Logger): Promise<void> {
  const end = () => Promise.all([client.$disconnect(), pool.end()]);
  const onLate = () => log.warn({ connections: pool.totalCount }, 'database connections still busy');
  try {
    await within(end, { ms: closeTimeoutMs, onLate });
  } catch (error) {
    if (!isDatabaseUnavailable(error)) throw error;
  }
}
