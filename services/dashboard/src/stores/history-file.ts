import { chmodSync, closeSync, mkdirSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync, type SQLInputValue, type SQLOutputValue, type StatementSync } from 'node:sqlite';
import type { Logger } from '@arcadium/mesh/telemetry';

/** Rows of a query, by column. */
export type Row = Readonly<Record<string, SQLOutputValue>>;

const schema = `
  CREATE TABLE IF NOT EXISTS checks (
    service TEXT NOT NULL, at INTEGER NOT NULL, status INTEGER NOT NULL, response_ms REAL, reason TEXT,
    PRIMARY KEY (at, service)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS rollups (
    width INTEGER NOT NULL, service TEXT NOT NULL, at INTEGER NOT NULL, checks INTEGER NOT NULL,
    up INTEGER NOT NULL, worst INTEGER NOT NULL, answered INTEGER NOT NULL, response_sum REAL NOT NULL, slowest REAL,
    PRIMARY KEY (width, service, at)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS incidents (
    id INTEGER PRIMARY KEY AUTOINCREMENT, service TEXT NOT NULL, started_at INTEGER NOT NULL, ended_at INTEGER,
    reason TEXT NOT NULL
  ) STRICT;
  CREATE INDEX IF NOT EXISTS incidents_of_service ON incidents (service, id);
`;

/**
 * The SQLite file of the history. If it cannot be opened, read or written, for example on a full disk, the history goes on
 * in memory, with what can still be read of the file.
 */
export class HistoryFile {
  readonly #path: string;
  readonly #log: Pick<Logger, 'error'>;
  #database: DatabaseSync;
  #statements = new Map<string, StatementSync>();
  #inMemory = false;

  /** @param path Of the file, which is created for this user only, or `:memory:`. */
  constructor(path: string, log: Pick<Logger, 'error'>) {
    this.#path = path;
    this.#log = log;
    try {
      this.#database = openFile(path);
    } catch (error) {
      this.#database = this.#openMemory(error);
    }
  }

  /** Whether the history is lost at the end of the process. */
  get inMemory(): boolean {
    return this.#inMemory;
  }

  /** Runs statements as one transaction; again, in memory, if the file fails. */
  transaction(work: () => void): void {
    const run = (): void => {
      this.#database.exec('BEGIN');
      try {
        work();
        this.#database.exec('COMMIT');
      } catch (error) {
        if (this.#database.isTransaction) this.#database.exec('ROLLBACK');
        throw error;
      }
    };
    this.#guarded(run);
  }

  all(sql: string, ...values: SQLInputValue[]): Row[] {
    return this.#guarded(() => this.#statement(sql).all(...values));
  }

  /** @returns The id of an inserted row. */
  run(sql: string, ...values: SQLInputValue[]): number {
    return this.#guarded(() => Number(this.#statement(sql).run(...values).lastInsertRowid));
  }

  close(): void {
    this.#database.close();
  }

  #guarded<Result>(work: () => Result): Result {
    try {
      return work();
    } catch (error) {
      // A transaction is repeated as a whole.
      if (this.#inMemory || this.#database.isTransaction) throw error;
      const failed = this.#database;
      this.#statements = new Map();
      this.#database = this.#openMemory(error);
      failed.close();
      return work();
    }
  }

  #statement(sql: string): StatementSync {
    let statement = this.#statements.get(sql);
    if (!statement) this.#statements.set(sql, (statement = this.#database.prepare(sql)));
    return statement;
  }

  #openMemory(error: unknown): DatabaseSync {
    this.#inMemory = true;
    this.#log.error(
      { err: error, file: this.#path },
      'the history file cannot be used; the history is kept in memory until the next start',
    );
    const memory = new DatabaseSync(':memory:');
    memory.exec(schema);
    copyFrom(this.#path, memory);
    return memory;
  }
}

function openFile(path: string): DatabaseSync {
  if (path !== ':memory:') {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    closeSync(openSync(path, 'a', 0o600));
    chmodSync(path, 0o600);
  }
  const database = new DatabaseSync(path, { timeout: 1000 });
  try {
    // In WAL mode, NORMAL keeps the file whole after a crash, and does not wait for the disk on each commit.
    database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL');
    database.exec(schema);
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

/** Copies rollups and incidents, if the file can be read. Single checks are too many for memory. */
function copyFrom(path: string, memory: DatabaseSync): void {
  try {
    memory.prepare('ATTACH ? AS file').run(`file:${encodeURI(path)}?mode=ro`);
    memory.exec(
      'INSERT INTO rollups SELECT * FROM file.rollups; INSERT INTO incidents SELECT * FROM file.incidents',
    );
  } catch {
    // The error that led here is already logged.
  }
  try {
    memory.exec('DETACH file');
  } catch {
    // It was not attached.
  }
}
