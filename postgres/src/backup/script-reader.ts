import { createHash } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';

import { BackupError } from './backup-error.ts';
import {
  closing,
  copyIn,
  endOfRows,
  opening,
  parseEnding,
  parseManifest,
  type Ending,
  type Manifest,
  type TableOfBackup,
} from './script.ts';

/** Longest line with a manifest or an ending, in bytes. */
const longestLine = 4 * 1024 * 1024;

/** The end of rows, with the end of the row before it. */
const rowsEnd = Buffer.from(`\n${endOfRows}`);

/**
 * Reads the script of a backup in the order in which it was written: `manifest()`, then `rows()` of each
 * table to its end, then `end()`, which tells whether the whole of it was intact.
 */
export class ScriptReader {
  readonly #chunks: AsyncIterator<Uint8Array>;
  readonly #hash = createHash('sha256');
  #held = Buffer.alloc(0);

  constructor(script: AsyncIterable<Uint8Array>) {
    this.#chunks = script[Symbol.asyncIterator]();
  }

  /** @throws BackupError if it is not a backup, of a later format, or of another service. */
  async manifest(service: string): Promise<Manifest> {
    const manifest = parseManifest(await this.#line());
    if (manifest.service !== service)
      throw new BackupError('foreign', `This is a backup of ${manifest.service}, not of ${service}`);
    await this.#expect(opening(manifest));
    return manifest;
  }

  /** The rows of the next table, in the text format of COPY. @throws BackupError if another table is next. */
  async *rows(service: string, table: TableOfBackup): AsyncGenerator<Buffer> {
    await this.#expect(`${copyIn(service, table)}\n`);
    // The end of a table without rows has no row before it.
    while (this.#held.length < endOfRows.length && (await this.#read()));
    if (this.#held.subarray(0, endOfRows.length).equals(Buffer.from(endOfRows))) {
      this.#take(endOfRows.length);
      return;
    }
    for (;;) {
      const end = this.#held.indexOf(rowsEnd);
      const safe = end >= 0 ? end + 1 : Math.max(0, this.#held.length - rowsEnd.length);
      if (safe > 0) yield this.#take(safe);
      if (end >= 0) break;
      await this.#more();
    }
    this.#take(endOfRows.length);
  }

  /** @param rows Of each table, as they were read. @throws BackupError if anything differs. */
  async end(manifest: Manifest, rows: Ending['rows']): Promise<void> {
    await this.#expect(closing(manifest));
    const sha256 = this.#hash.copy().digest('hex');
    const ending = parseEnding(await this.#line());
    if (this.#held.length > 0 || (await this.#read()))
      throw new BackupError('damaged', 'The backup is damaged: something follows its end');
    if (!isDeepStrictEqual(ending, { rows, sha256 }))
      throw new BackupError('damaged', 'The backup is damaged: its checksum is that of other content');
  }

  /** Stops reading. */
  async close(): Promise<void> {
    await this.#chunks.return?.();
  }

  async #line(): Promise<string> {
    let end = this.#held.indexOf(10);
    while (end < 0) {
      if (this.#held.length > longestLine)
        throw new BackupError('damaged', 'This is not a backup, or it is damaged: a line does not end');
      await this.#more();
      end = this.#held.indexOf(10);
    }
    return this.#take(end + 1).toString('utf8', 0, end);
  }

  async #expect(text: string): Promise<void> {
    const length = Buffer.byteLength(text);
    while (this.#held.length < length && (await this.#read()));
    if (this.#take(length).toString() !== text)
      throw new BackupError(
        'damaged',
        `The backup is damaged: it should continue with ${text.split('\n')[0]}`,
      );
  }

  #take(length: number): Buffer {
    const taken = this.#held.subarray(0, length);
    this.#held = this.#held.subarray(length);
    this.#hash.update(taken);
    return taken;
  }

  async #more(): Promise<void> {
    if (!(await this.#read())) throw new BackupError('damaged', 'The backup is truncated');
  }

  async #read(): Promise<boolean> {
    const { done, value } = await this.#chunks.next();
    if (done) return false;
    this.#held = this.#held.length > 0 ? Buffer.concat([this.#held, value]) : Buffer.from(value);
    return true;
  }
}
