import { randomUUID } from 'node:crypto';
import { open, realpath, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

/**
 * Writes a file whole or not at all, whatever the moment of a crash: whoever
 * reads it finds the old content or the new one. Its permissions stay; a new
 * file is its owner's alone. Where the path is a link, what it leads to is written.
 *
 * @throws Error of the file system; nothing is left behind then.
 */
export async function writeSecretFile(path: string, content: string): Promise<void> {
  const target = await realpath(path).catch(() => path);
  const mode = await stat(target).then(
    (found) => found.mode & 0o777,
    () => 0o600,
  );
  // In the same folder: only within one file system is a rename atomic.
  const folder = dirname(target);
  const next = join(folder, `.${basename(target)}.${randomUUID()}`);
  try {
    await writeThrough(next, content, mode);
    await rename(next, target);
  } catch (error) {
    await rm(next, { force: true });
    throw error;
  }
  await syncFolder(folder);
}

async function writeThrough(path: string, content: string, mode: number): Promise<void> {
  await using file = await open(path, 'wx', 0o600);
  await file.writeFile(content);
  // Not by `open`, from which the umask takes away.
  await file.chmod(mode);
  await file.sync();
}

/** So that the rename itself outlasts a power cut. */
async function syncFolder(folder: string): Promise<void> {
  await using opened = await open(folder, 'r');
  await opened.sync();
}
