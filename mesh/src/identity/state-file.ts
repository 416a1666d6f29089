import { randomUUID } from 'node:crypto';
import { mkdir, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Logger } from '../telemetry/index.ts';

/** Age at which a temporary file counts as left by a killed process, in milliseconds. */
const leftBehindAfterMs = 60_000;

/**
 * A local copy of what a process has received, for its next start. Writes are
 * atomic, also those of several processes at once, so readers find the last
 * complete version. Permissions are 0600. Errors are logged, not thrown: it is
 * only a copy.
 */
export class StateFile {
  readonly path: string;
  readonly #log: Logger;
  #failing = false;
  #cleared = false;

  /** @param directory Created if it does not exist. */
  constructor(directory: string, name: string, log: Logger) {
    this.path = join(directory, name);
    this.#log = log;
  }

  /** @returns The content; `undefined` if the file does not exist or cannot be read, which is logged. */
  async read(): Promise<string | undefined> {
    try {
      return await readFile(this.path, 'utf8');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') this.broken(error);
      return undefined;
    }
  }

  /** Logs that the content cannot be used, or only a part of it. */
  broken(reason: unknown): void {
    this.#log.warn(
      { path: this.path, reason: String(reason) },
      'a local copy cannot be read in full; its damaged parts are ignored',
    );
  }

  /**
   * Replaces the content.
   *
   * @param parts Written one by one, so that the event loop is not blocked.
   * @returns Whether it was written; a failure is logged once, until a write succeeds.
   */
  async write(parts: Iterable<string>): Promise<boolean> {
    try {
      await this.#replace(parts);
    } catch (error) {
      const fields = { path: this.path, reason: String(error) };
      if (!this.#failing)
        this.#log.warn(fields, 'a local copy cannot be written; the next start uses an older one');
      this.#failing = true;
      return false;
    }
    if (this.#failing) this.#log.info({ path: this.path }, 'a local copy can be written again');
    this.#failing = false;
    return true;
  }

  async #replace(parts: Iterable<string>): Promise<void> {
    const directory = dirname(this.path);
    await mkdir(directory, { recursive: true, mode: 0o700 });
    await this.#clear(directory);
    const unfinished = `${this.path}.${randomUUID()}.tmp`;
    try {
      const file = await open(unfinished, 'wx', 0o600);
      try {
        for (const part of parts) await file.appendFile(part);
        // Without this, the file may be empty after a power cut.
        await file.sync();
      } finally {
        await file.close();
      }
      await rename(unfinished, this.path);
    } catch (error) {
      await rm(unfinished, { force: true }).catch(() => {});
      throw error;
    }
  }

  /** At the first write, removes temporary files of killed processes. */
  async #clear(directory: string): Promise<void> {
    if (this.#cleared) return;
    this.#cleared = true;
    for (const name of await readdir(directory)) {
      const path = join(directory, name);
      if (!path.startsWith(`${this.path}.`) || !name.endsWith('.tmp')) continue;
      // Another process may have renamed it.
      const age = await stat(path).then(
        ({ mtimeMs }) => Date.now() - mtimeMs,
        () => 0,
      );
      if (age > leftBehindAfterMs) await rm(path, { force: true });
    }
  }
}
