import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as delay } from 'node:timers/promises';

/** How long to wait for another process that holds the lock, in milliseconds. */
const patienceMs = 10_000;

/**
 * Takes a lock, or answers `undefined` where another process holds it. It is
 * SQLite's on an empty database: the system lets go of it when its holder ends,
 * however that ends.
 */
export function takeLock(path: string): { release(): void } | undefined {
  mkdirSync(dirname(path), { recursive: true });
  const database = new DatabaseSync(path);
  try {
    database.exec('BEGIN EXCLUSIVE');
    return { release: () => database.close() };
  } catch (error) {
    database.close();
    if (error instanceof Error && error.message.includes('locked')) return undefined;
    throw error;
  }
}

/**
 * Runs one thing while no other process does.
 *
 * @throws Error naming the file, if another process holds it for more than 10 s.
 */
export async function withLock<Result>(path: string, run: () => Promise<Result>): Promise<Result> {
  const deadline = performance.now() + patienceMs;
  for (;;) {
    const lock = takeLock(path);
    if (!lock) {
      if (performance.now() > deadline) throw new Error(`Another process holds ${path}`);
      await delay(50);
      continue;
    }
    try {
      return await run();
    } finally {
      lock.release();
    }
  }
}
