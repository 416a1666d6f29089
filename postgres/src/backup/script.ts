import { escapeIdentifier, escapeLiteral } from 'pg';
import { z } from 'zod';

import { BackupError } from './backup-error.ts';

// A backup is a script for psql: a line with the manifest, the rows of each table as COPY has them, the
// sequences, and a line with what must have been read by then. Everything but the rows follows from the
// manifest, so a restore compares it as text, and executes nothing that a file says.

/** The version of the format that this release writes; it reads all up to it. */
export const formatVersion = 1;

const manifestSchema = z.object({
  format: z.number().int().positive(),
  /** The service, and the name of its schema. */
  service: z.string().min(1),
  /** When its snapshot was taken, as ISO 8601 in UTC. */
  createdAt: z.iso.datetime(),
  /** Version of the PostgreSQL server, such as `18.4`. */
  server: z.string(),
  /** The applied migrations, sorted by name. */
  migrations: z.array(z.object({ name: z.string(), checksum: z.string() })),
  tables: z.array(z.object({ name: z.string(), columns: z.array(z.string()).min(1) })),
  /** The state of each sequence: its last value, and whether that was handed out. */
  sequences: z.array(z.object({ name: z.string(), value: z.string().regex(/^-?\d+$/), called: z.boolean() })),
});

/** The first line of a backup. */
export type Manifest = z.output<typeof manifestSchema>;
export type TableOfBackup = Manifest['tables'][number];

const endingSchema = z.object({
  /** Rows of each table. */
  rows: z.record(z.string(), z.number().int().nonnegative()),
  /** SHA-256 of all that comes before this line, in hex. */
  sha256: z.string(),
});

/** The last line of a backup. */
export type Ending = z.output<typeof endingSchema>;

const manifestMark = '-- arcadium backup ';
const endingMark = '-- arcadium backup ends ';

/** Ends the rows of a table; a row cannot look like it, because COPY escapes backslashes. */
export const endOfRows = '\\.\n';

export function manifestLine(manifest: Manifest): string {
  return `${manifestMark}${JSON.stringify(manifest)}\n`;
}

/** For psql, in a schema that was migrated: loads the rows without triggers and foreign keys, all or nothing. */
export function opening({ service, tables }: Manifest): string {
  const names = tables.map(({ name }) => nameOf(service, name)).join(', ');
  return [
    '\\set ON_ERROR_STOP on',
    'BEGIN;',
    'SET LOCAL session_replication_role = replica;',
    `TRUNCATE ${names};\n`,
  ].join('\n');
}

/** The statement before the rows of a table; for the connection itself without the line's end. */
export function copyIn(service: string, table: TableOfBackup): string {
  return `COPY ${nameOf(service, table.name)} (${table.columns.map(escapeIdentifier).join(', ')}) FROM stdin;`;
}

export function copyOut(service: string, table: TableOfBackup): string {
  return `COPY ${nameOf(service, table.name)} (${table.columns.map(escapeIdentifier).join(', ')}) TO STDOUT`;
}

/** Rows in a piece of COPY's output: a row is a line, because COPY escapes line breaks. */
export function countRows(piece: Buffer): number {
  let rows = 0;
  for (let at = piece.indexOf(10); at >= 0; at = piece.indexOf(10, at + 1)) rows += 1;
  return rows;
}

export function setSequence(service: string, { name, value, called }: Manifest['sequences'][number]): string {
  return `SELECT pg_catalog.setval(${escapeLiteral(nameOf(service, name))}, ${value}, ${called});`;
}

/** What follows the rows of the last table. */
export function closing({ service, sequences }: Manifest): string {
  return `${sequences.map((sequence) => `${setSequence(service, sequence)}\n`).join('')}COMMIT;\n`;
}

export function endingLine(ending: Ending): string {
  return `${endingMark}${JSON.stringify(ending)}\n`;
}

/** The name of a table or sequence in SQL. */
export function nameOf(schema: string, name: string): string {
  return `${escapeIdentifier(schema)}.${escapeIdentifier(name)}`;
}

/** @throws BackupError if the line is none, or of a later format. */
export function parseManifest(line: string): Manifest {
  const content = contentOf(line, manifestMark);
  const { format } = content as { format?: unknown };
  if (typeof format === 'number' && format > formatVersion)
    throw new BackupError(
      'newer',
      `The backup has format ${format}; this release reads up to ${formatVersion}: use the release that made it`,
    );
  return parse(manifestSchema, content);
}

/** @throws BackupError if the line is none. */
export function parseEnding(line: string): Ending {
  return parse(endingSchema, contentOf(line, endingMark));
}

function contentOf(line: string, mark: string): object {
  try {
    if (line.startsWith(mark)) return Object(JSON.parse(line.slice(mark.length)));
  } catch {
    // the same as a line without the mark
  }
  throw new BackupError('damaged', 'This is not a backup, or it is damaged');
}

function parse<Schema extends z.ZodType>(schema: Schema, content: object): z.output<Schema> {
  const parsed = schema.safeParse(content);
  if (parsed.success) return parsed.data;
  throw new BackupError('damaged', `The backup is damaged: ${z.prettifyError(parsed.error)}`);
}
