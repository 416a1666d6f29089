import { randomUUID } from 'node:crypto';
import { mkdir, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Logger } from '../telemetry/index.ts';

/** A file of this kind that is older was left behind by a process that was killed while it wrote, in milliseconds. */
const leftBehindAfterMs = 60_000;

/**
 * A file in which a process keeps what it has learnt, for its next start.
 * Whoever reads it finds what was written last, whole, whatever became of a
 * process that wrote: several may write at once. Readable by its owner alone.
 * Nothing that goes wrong with it is thrown: it is a copy.
 */
export class StateFile {
  readonly path: string;
  readonly #log: Logger;
  #failing = false;
  #cleared = false;

  /** @param directory Made where it is not there. */
  constructor(directory: string, name: string, log: Logger) {
    this.path = join(directory, name);
    this.#log = log;
  }

  /** What it holds; `undefined` where there is none, or it cannot be read, which is said. */
  async read(): Promise<string | undefined> {
    try {
      return await readFile(this.path, 'utf8');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') this.broken(error);
      return undefined;
    }
  }

  /** Says that what it holds cannot be used, or not all of it. */
  broken(reason: unknown): void {
    this.#log.warn(
      { path: this.path, reason: String(reason) },
      'a local copy cannot be read in full; its damaged parts are ignored',
    );
  }

  /**
   * Replaces what it holds.
   *
   * @param parts Written one after the other, with other work in between.
   * @returns Whether that was possible; where it was not, that is said once, until it is again.
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
        // Or after a loss of power there may be a file of that name with nothing in it.
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

  /** Removes, at the first write, what processes left that were killed while they wrote. */
  async #clear(directory: string): Promise<void> {
    if (this.#cleared) return;
    this.#cleared = true;
    for (const name of await readdir(directory)) {
      const path = join(directory, name);
      if (!path.startsWith(`${this.path}.`) || !name.endsWith('.tmp')) continue;
      // Another process may be about to rename it, or have done so.
      const age = await stat(path).then(
        ({ mtimeMs }) => Date.now() - mtimeMs,
        () => 0,
      );
      if (age > leftBehindAfterMs) await rm(path, { force: true });
    }
  }
}
