import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import { takeLock } from '../setup/lock.ts';
import { birthOf } from './birth.ts';

const entry = z.object({ name: z.string(), pid: z.int(), born: z.string() });

/** The process that runs the mesh of a checkout, and the processes it has started. */
const record = z.object({
  pid: z.int(),
  since: z.iso.datetime(),
  urls: z.array(z.string()),
  processes: z.array(entry),
});

type Entry = z.infer<typeof entry>;

/**
 * How long processes of an earlier run may take to end, in milliseconds: by themselves, and after a signal.
 */
const patienceMs = { byItself: 2000, told: 10_000 };

/** The right to run the mesh of a checkout. One process holds it until it ends, for any reason. */
export class Claim {
  readonly #lock: { release(): void };
  readonly #path: string;
  readonly #since = new Date().toISOString();
  #urls: readonly string[] = [];
  #processes: Entry[] = [];

  private constructor(lock: { release(): void }, path: string) {
    this.#lock = lock;
    this.#path = path;
  }

  /**
   * Takes the claim, and stops processes left over from an earlier run that was killed. They are identified
   * by process id and start time.
   *
   * @param say Gets a line for each process that is stopped.
   * @throws Error with the addresses of the mesh, if it is already running.
   */
  static async take(root: string, say: (line: string) => void): Promise<Claim> {
    const path = join(root, '.data', 'dev.json');
    const lock = takeLock(join(root, '.data', 'dev.lock'));
    if (!lock) throw new Error(runsAlready(readRecord(path)));
    try {
      await endOrphans(readRecord(path)?.processes ?? [], say);
    } catch (error) {
      lock.release();
      throw error;
    }
    return new Claim(lock, path);
  }

  /** Records the addresses of the mesh. */
  at(urls: readonly string[]): void {
    this.#urls = urls;
    this.#save();
  }

  started(name: string, pid: number): void {
    const born = birthOf(pid);
    if (born !== undefined) this.#processes.push({ name, pid, born });
    this.#save();
  }

  ended(pid: number): void {
    this.#processes = this.#processes.filter((one) => one.pid !== pid);
    this.#save();
  }

  release(): void {
    rmSync(this.#path, { force: true });
    this.#lock.release();
  }

  #save(): void {
    const now = { pid: process.pid, since: this.#since, urls: this.#urls, processes: this.#processes };
    try {
      writeFileSync(`${this.#path}.tmp`, `${JSON.stringify(now, undefined, 2)}\n`);
      renameSync(`${this.#path}.tmp`, this.#path);
    } catch {
      // The disk is full, or .data was removed. The record only matters after a kill -9.
    }
  }
}

/** Processes of a run of this checkout whose supervisor was killed. */
export function findLeftOver(root: string): readonly { name: string; pid: number }[] {
  const known = readRecord(join(root, '.data', 'dev.json'));
  if (!known || birthOf(known.pid) !== undefined) return [];
  return known.processes.filter(({ pid, born }) => birthOf(pid) === born);
}

function runsAlready(known: z.infer<typeof record> | undefined): string {
  if (!known) return 'The mesh of this checkout is being started by another "npm run dev".';
  const { pid, since, urls } = known;
  const where = urls.length > 0 ? `: ${urls.join(', ')}` : ', still starting';
  return `The mesh is already running${where} (process ${pid}, since ${since}). To stop it, press Ctrl-C in its terminal, or: kill ${pid}`;
}

function readRecord(path: string): z.infer<typeof record> | undefined {
  try {
    return record.parse(JSON.parse(readFileSync(path, 'utf8')));
  } catch {
    return undefined; // missing, half written, or from another version
  }
}

async function endOrphans(processes: readonly Entry[], say: (line: string) => void): Promise<void> {
  // They notice that the supervisor is gone, and usually end by themselves.
  let left = await stillThere(processes, patienceMs.byItself);
  for (const { name, pid } of left) {
    say(`${name} (process ${pid}) is left over from a run that was killed; stopping it`);
    signal(pid, 'SIGINT');
  }
  left = await stillThere(left, patienceMs.told);
  for (const { pid } of left) signal(pid, 'SIGKILL');
  left = await stillThere(left, patienceMs.told);
  const [one] = left;
  if (one)
    throw new Error(
      `${one.name} (process ${one.pid}) of an earlier run does not stop; stop it and start again`,
    );
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // It has already ended, or may not be signalled; what is left is checked later.
  }
}

/** The processes that are still running after the wait. */
async function stillThere(processes: readonly Entry[], waitMs: number): Promise<readonly Entry[]> {
  const deadline = performance.now() + waitMs;
  for (let left = processes; ; await delay(50)) {
    left = left.filter(({ pid, born }) => birthOf(pid) === born);
    if (left.length === 0 || performance.now() > deadline) return left;
  }
}
