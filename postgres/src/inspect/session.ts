import type { Client, QueryResultRow } from 'pg';

import { DatabaseClient } from '../database/client.ts';
import { describeDatabaseError } from '../database/database-errors.ts';
import { isPoolerRefusal, refusePooler } from '../database/pooler.ts';
import { connectionConfig } from '../database/session.ts';
import { explainConnection } from '../migrate/obstacle.ts';

/** A connection for reading; one statement at a time, others wait for it. */
export interface Session {
  query<Row extends QueryResultRow>(sql: string, values?: readonly unknown[]): Promise<Row[]>;
  /** Lends the connection. */
  use<Result>(work: (client: Client) => Promise<Result>): Promise<Result>;
  /** Never fails. */
  close(): Promise<void>;
}

/** Why a connection could not be made. */
export interface FailedSession {
  readonly failed: 'unreachable' | 'login' | 'database' | 'connect' | 'pooler';
  readonly reason: string;
}

const failures: Readonly<Record<string, FailedSession['failed']>> = {
  '28P01': 'login',
  '28000': 'login',
  '3D000': 'database',
  '42501': 'connect',
};

/**
 * Connects with a service's URL, to PostgreSQL itself.
 *
 * @param schema Where its tables are looked for.
 * @param patienceMs Longest wait for the connection, and for each answer, in milliseconds.
 */
export async function openSession(
  url: string,
  schema: string,
  patienceMs: number,
): Promise<Session | FailedSession> {
  const client = new DatabaseClient({
    ...connectionConfig(url, schema, patienceMs),
    query_timeout: patienceMs,
    application_name: 'mesh doctor',
  });
  client.on('error', () => {}); // the running query reports it
  const close = () => client.end().catch(() => {});
  try {
    await client.connect();
    await refusePooler(client, 'DATABASE_URL');
    let last: Promise<unknown> = Promise.resolve();
    const take = <Result>(work: () => Promise<Result>): Promise<Result> => {
      const turn = last.then(work, work);
      last = turn;
      return turn;
    };
    return {
      query: async <Row extends QueryResultRow>(sql: string, values: readonly unknown[] = []) =>
        take(async () => (await client.query<Row>(sql, [...values])).rows),
      use: (work) => take(() => work(client)),
      close,
    };
  } catch (error) {
    await close();
    const { code = '', name } = error as { code?: string; name?: string };
    if (name === 'ConfigError' || isPoolerRefusal(error))
      return { failed: 'pooler', reason: 'it leads to a connection pooler' };
    return {
      failed: failures[code] ?? 'unreachable',
      reason: explainConnection(error, client) ?? describeDatabaseError(error),
    };
  }
}
