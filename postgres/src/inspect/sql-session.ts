import { Query, type QueryResult } from 'pg';

import { DatabaseClient } from '../database/client.ts';
import { connectionConfig } from '../database/session.ts';

/** Longest wait for a connection, in milliseconds. */
const patienceMs = 5_000;

/** Most rows that are kept of an answer; the others are counted. */
const mostRows = 1_000;

/** The answer to a statement. */
export interface SqlAnswer {
  /** Such as `SELECT`. */
  command: string;
  columns: readonly string[];
  /** Values as PostgreSQL writes them; at most 1000 rows. */
  rows: readonly (readonly (string | null)[])[];
  /** Rows that were returned or changed. */
  count: number;
}

/**
 * A connection for statements that a person types, with a service's role and schema.
 *
 * With `readOnly`, nothing that is typed can write: each statement runs alone in a transaction that is read-only from
 * its start, is rolled back, and leaves no setting behind. PostgreSQL lets no statement make such a transaction
 * writable, and takes one statement at a time.
 */
export class SqlSession implements AsyncDisposable {
  readonly #client: DatabaseClient;
  readonly #readOnly: boolean;

  private constructor(client: DatabaseClient, readOnly: boolean) {
    this.#client = client;
    this.#readOnly = readOnly;
  }

  /** @throws the connection's error. */
  static async open(url: string, { service, readOnly }: { service: string; readOnly: boolean }) {
    const client = new DatabaseClient(connectionConfig(url, service, patienceMs));
    client.on('error', () => {}); // the next statement reports it
    await client.connect();
    return new SqlSession(client, readOnly);
  }

  /** Runs one statement. @throws PostgreSQL's error. */
  async run(sql: string): Promise<SqlAnswer> {
    if (!this.#readOnly) return this.#ask(sql);
    await this.#client.query('BEGIN TRANSACTION READ ONLY');
    try {
      // After a first statement, the transaction cannot be made writable any more.
      await this.#client.query('SELECT');
      return await this.#ask(sql);
    } finally {
      await this.#client.query('ROLLBACK');
      await this.#client.query('DISCARD ALL');
    }
  }

  #ask(text: string): Promise<SqlAnswer> {
    const asWritten = { getTypeParser: () => (value: string) => value };
    // By the extended protocol, which takes one statement only.
    const config = { text, rowMode: 'array', queryMode: 'extended', types: asWritten };
    const rows: (string | null)[][] = [];
    let read = 0;
    let columns: readonly string[] = [];
    return new Promise((resolve, reject) => {
      const query = this.#client.query(new Query(config));
      query.on('row', (row: unknown, result) => {
        read += 1;
        columns = result?.fields.map(({ name }) => name) ?? columns;
        if (rows.length < mostRows) rows.push(row as (string | null)[]);
      });
      query.on('error', reject);
      query.on('end', ({ command, fields, rowCount }: QueryResult) => {
        if (fields.length > 0) columns = fields.map(({ name }) => name);
        resolve({ command, columns, rows, count: rowCount ?? read });
      });
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#client.end().catch(() => {});
  }
}
