import { z } from 'zod';
import type { SteadyClock } from '../../clock/index.ts';
import type { Logger } from '../../telemetry/index.ts';
import { entriesPerTurn, RevocationSet, type Revocation } from './set.ts';
import { StateFile } from '../state-file.ts';

/** Shortest wait between two writes, in milliseconds; at least ten times as long as the last one took. */
const writeEveryMs = 250;

/** Wait after a failed write, in milliseconds. */
const writeAgainAfterMs = 5000;

const head = z.object({
  format: z.literal('arcadium-revocations-1'),
  position: z.int().min(0),
  savedAt: z.iso.datetime(),
});
const tail = z.object({ entries: z.int() });

export interface HeldRevocations {
  readonly set: RevocationSet;
  readonly position: number;
}

/** The local copy of the revocations: JSON lines with a head, `[id, expiresAt]` for each entry, and their number. */
export class RevocationCopy {
  readonly #file: StateFile;
  readonly #held: HeldRevocations;
  #changed = false;
  #writing: Promise<void> | undefined;
  #timer: NodeJS.Timeout | undefined;
  #notBefore = 0;

  /**
   * @param directory Created if it does not exist.
   * @param held Written as it is at the time of each write.
   */
  constructor(directory: string, held: HeldRevocations, log: Logger) {
    this.#file = new StateFile(directory, 'revocations', log);
    this.#held = held;
  }

  /**
   * Reads the copy; of a damaged one, what can be read.
   *
   * @param clock Decides when entries have expired. @default the set's own
   */
  async load(clock?: SteadyClock): Promise<(HeldRevocations & { savedAt: string }) | undefined> {
    const text = await this.#file.read();
    if (text === undefined) return undefined;
    const [first = '', ...lines] = text.trimEnd().split('\n');
    const begin = parseLine(head, first);
    if (!begin) {
      this.#file.broken('its first line is invalid');
      return undefined;
    }
    const entries: Revocation[] = [];
    for (const line of lines) {
      const read = readEntry(line);
      if (read) entries.push(read);
    }
    const end = parseLine(tail, lines.at(-1) ?? '');
    if (end?.entries !== entries.length)
      this.#file.broken(`it should have ${end?.entries ?? 'more'} entries, but has ${entries.length}`);
    const set = new RevocationSet(clock);
    set.add(entries);
    return { set, position: begin.position, savedAt: begin.savedAt };
  }

  /** Writes the copy, soon. */
  changed(): void {
    this.#changed = true;
    if (this.#writing || this.#timer) return;
    const waitMs = Math.max(0, this.#notBefore - performance.now());
    // Also without a wait not now: another change may follow at once.
    this.#timer = setTimeout(() => this.#write(), waitMs).unref();
  }

  /** Writes the last changes. */
  async close(): Promise<void> {
    await this.#writing;
    if (this.#changed) this.#write();
    await this.#writing;
    clearTimeout(this.#timer);
  }

  #write(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#changed = false;
    const begin = performance.now();
    this.#writing = this.#file.write(this.#parts()).then((written) => {
      this.#writing = undefined;
      const now = performance.now();
      const restMs = Math.max(writeEveryMs, 10 * (now - begin));
      this.#notBefore = now + (written ? restMs : writeAgainAfterMs);
      if (this.#changed || !written) this.changed();
    });
  }

  *#parts(): Generator<string> {
    const { set, position } = this.#held;
    const savedAt = new Date().toISOString();
    yield `${JSON.stringify({ format: 'arcadium-revocations-1', position, savedAt })}\n`;
    let lines: string[] = [];
    let count = 0;
    for (const { id, expiresAt } of set.entries()) {
      lines.push(`${JSON.stringify([id, expiresAt])}\n`);
      count += 1;
      if (lines.length < entriesPerTurn) continue;
      yield lines.join('');
      lines = [];
    }
    yield lines.join('');
    yield `${JSON.stringify({ entries: count })}\n`;
  }
}

/** Without zod, which is too slow for a million entries. */
function readEntry(line: string): Revocation | undefined {
  const read = parseJson(line);
  if (!Array.isArray(read)) return undefined;
  const [id, expiresAt] = read as unknown[];
  return typeof id === 'string' && typeof expiresAt === 'number' ? { id, expiresAt } : undefined;
}

function parseLine<Schema extends z.ZodType>(schema: Schema, line: string): z.output<Schema> | undefined {
  return schema.safeParse(parseJson(line)).data;
}

function parseJson(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
