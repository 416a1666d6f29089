import { createReadStream, createWriteStream, type ReadStream } from 'node:fs';
import { mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';

import { BackupError } from './backup-error.ts';

/** How old a file without an end is before it counts as abandoned, in milliseconds. */
const abandonedAfterMs = 24 * 3_600_000;

/** The name of a backup: `wiki-20261130T201500123Z.sql.zst.age`, in order of time. */
export function backupName(service: string, createdAt: string, encrypted: boolean): string {
  return `${service}-${createdAt.replaceAll(/[-:.]/g, '')}.sql.zst${encrypted ? '.age' : ''}`;
}

/** The backups of a service in a folder, oldest first. @throws the system's error if it cannot be read. */
export async function backupsIn(folder: string, service: string): Promise<string[]> {
  return (await readdir(folder)).filter((name) => isOf(name, service)).toSorted();
}

/** @param ending Of a file that is not complete. */
function isOf(name: string, service: string, ending = ''): boolean {
  const rest = name.startsWith(`${service}-`) && name.endsWith(ending) ? name.slice(service.length + 1) : '';
  return /^\d{8}T\d{9}Z\.sql\.zst(\.age)?$/.test(rest.slice(0, rest.length - ending.length));
}

const partial = '.partial';

/**
 * Writes a file that appears under its name when all of it is on the disk, and otherwise not at all.
 *
 * @returns Its size in bytes.
 */
export async function writeWhole(
  path: string,
  content: AsyncIterable<Uint8Array>,
  signal?: AbortSignal,
): Promise<number> {
  await mkdir(dirname(path), { recursive: true });
  const draft = `${path}${partial}`;
  const file = createWriteStream(draft, { flags: 'wx', mode: 0o600, flush: true });
  try {
    await pipeline(content, file, signal ? { signal } : {});
    await rename(draft, path);
    await syncFolder(dirname(path));
    return file.bytesWritten;
  } catch (error) {
    await rm(draft, { force: true });
    throw error;
  }
}

/** Makes a rename last. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/**
 * Removes all backups of a service but the newest, and what an interrupted one left behind a day ago.
 *
 * @returns The names of removed backups.
 */
export async function prune(folder: string, service: string, keep: number): Promise<string[]> {
  const backups = await backupsIn(folder, service);
  const old = backups.slice(0, Math.max(0, backups.length - keep));
  for (const name of old) await rm(join(folder, name), { force: true });
  for (const name of await readdir(folder)) {
    if (!isOf(name, service, partial)) continue;
    const found = await stat(join(folder, name)).catch(() => undefined);
    if (found && Date.now() - found.mtimeMs > abandonedAfterMs) await rm(join(folder, name), { force: true });
  }
  return old;
}

/**
 * Opens a backup, or the newest of a service in a folder.
 *
 * @throws BackupError if the folder has none of the service; the system's error if it cannot be read.
 */
export async function openBackup(from: string, service: string): Promise<{ path: string; file: ReadStream }> {
  let path = from;
  if ((await stat(from)).isDirectory()) {
    const newest = (await backupsIn(from, service)).at(-1);
    if (newest === undefined) throw new BackupError('unready', `There is no backup of ${service} in ${from}`);
    path = join(from, newest);
  }
  return { path, file: createReadStream(path) };
}
