import { randomUUID } from 'node:crypto';
import { open, realpath, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

/**
 * Writes a file atomically: readers, also after a crash, find the old content or the new one. Permissions are kept; a
 * new file gets 0600. A symbolic link is followed.
 *
 * @throws Error of the file system; no temporary file is left then.
 */
export async function writeSecretFile(path: string, content: string): Promise<void> {
  const target = await realpath(path).catch(() => path);
  const mode = await stat(target).then(
    (found) => found.mode & 0o777,
    () => 0o600,
  );
  // In the same folder: a rename is atomic only within one file system.
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
  // Not in `open`, which applies the umask.
  await file.chmod(mode);
  await file.sync();
}

/** Makes the rename itself survive a power cut. */
async function syncFolder(folder: string): Promise<void> {
  await using opened = await open(folder, 'r');
  await opened.sync();
}
