import { createHash } from 'node:crypto';
import { join } from 'node:path';

import type { Client } from 'pg';
import { to as copyTo } from 'pg-copy-streams';

import { backupName, prune, writeWhole } from './backup-file.ts';
import {
  closing,
  copyIn,
  copyOut,
  countRows,
  endingLine,
  endOfRows,
  manifestLine,
  opening,
  type Ending,
  type Manifest,
} from './script.ts';
import { sealWith, type Encryption } from './seal.ts';
import { beginSnapshot, connectTo } from './snapshot.ts';

/** Rows are handed on in pieces of this size, in bytes. */
const pieceBytes = 65_536;

/** Options of {@link backup}. */
export interface BackupOptions {
  /** The service; also the name of its schema. */
  service: string;
  /** Its `DATABASE_OWNER_URL`, or the URL of any role that may read its tables and sequences. */
  url: string;
  /** The folder for the file, created if missing. */
  to: string;
  /** `undefined` leaves the backup readable for everyone who gets the file. */
  encryption: Encryption | undefined;
  /** Number of backups of this service to keep in the folder, including this one. @default all */
  keep?: number | undefined;
  /** Gives up, with the signal's reason. */
  signal?: AbortSignal;
}

/** A backup that was made. */
export interface Backup {
  /** Path of the file. */
  path: string;
  /** Size of the file. */
  bytes: number;
  /** When its snapshot was taken, as ISO 8601 in UTC. */
  createdAt: string;
  /** The last migration in it. */
  migration: string | undefined;
  /** Number of rows. */
  rows: number;
  /** Names of older backups that were removed. */
  removed: string[];
}

/**
 * Backs up a service while it works: the rows of all its tables and its sequences, as of one moment. The file
 * is a script for psql, compressed with zstd and encrypted with age; it appears under its name only when it is
 * complete and on the disk. Memory does not depend on the size of the database.
 *
 * Rows of unlogged tables are left out. What the migrations create (tables, indexes, functions) is made by
 * {@link restore} from the migrations.
 *
 * @throws BackupError if the schema cannot be backed up as it is; PostgreSQL's error, or the system's, such as
 * `ENOSPC`. Older backups are then still there.
 *
 * @example
 * const { path } = await backup({ service: 'wiki', url: ownerUrl, to: '/backups', encryption: { recipients } });
 */
export async function backup(options: BackupOptions): Promise<Backup> {
  const { service, url, to, encryption, keep, signal } = options;
  const seal = await sealWith(encryption);
  const client = await connectTo(url, service);
  try {
    const manifest = await beginSnapshot(client, service);
    const ending: Ending = { rows: {}, sha256: '' };
    const path = join(to, backupName(service, manifest.createdAt, encryption !== undefined));
    const bytes = await writeWhole(path, seal(writeScript(client, manifest, ending)), signal);
    return {
      path,
      bytes,
      createdAt: manifest.createdAt,
      migration: manifest.migrations.at(-1)?.name,
      rows: Object.values(ending.rows).reduce((sum, rows) => sum + rows, 0),
      removed: keep === undefined ? [] : await prune(to, service, keep),
    };
  } finally {
    await client.end().catch(() => {});
  }
}

/** The backup before it is compressed. @param ending Filled in on the way. */
async function* writeScript(client: Client, manifest: Manifest, ending: Ending): AsyncGenerator<Buffer> {
  const hash = createHash('sha256');
  for await (const piece of inPieces(writeBody(client, manifest, ending))) {
    hash.update(piece);
    yield piece;
  }
  ending.sha256 = hash.digest('hex');
  yield Buffer.from(endingLine(ending));
}

async function* writeBody(client: Client, manifest: Manifest, ending: Ending): AsyncGenerator<Buffer> {
  const { service, tables } = manifest;
  yield Buffer.from(`${manifestLine(manifest)}${opening(manifest)}`);
  for (const table of tables) {
    yield Buffer.from(`${copyIn(service, table)}\n`);
    let rows = 0;
    for await (const chunk of client.query(copyTo(copyOut(service, table))) as AsyncIterable<Buffer>) {
      rows += countRows(chunk);
      yield chunk;
    }
    ending.rows[table.name] = rows;
    yield Buffer.from(endOfRows);
  }
  yield Buffer.from(closing(manifest));
}

async function* inPieces(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let held: Buffer[] = [];
  let length = 0;
  for await (const chunk of chunks) {
    held.push(chunk);
    length += chunk.length;
    if (length < pieceBytes) continue;
    yield Buffer.concat(held);
    held = [];
    length = 0;
  }
  if (length > 0) yield Buffer.concat(held);
}
