import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as delay } from 'node:timers/promises';

/** Longest wait for a lock that another process holds, in milliseconds. */
const patienceMs = 10_000;

/**
 * Takes a lock; `undefined` if another process holds it. It is SQLite's lock on an empty database: the system
 * releases it when its holder ends, for any reason.
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
 * Runs something while no other process runs it.
 *
 * @throws Error with the file, if another process holds the lock for more than 10 s.
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
