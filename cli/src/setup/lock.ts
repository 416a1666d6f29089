import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as delay } from 'node:timers/promises';

/** How long to wait for another process that holds the lock, in milliseconds. */
const patienceMs = 10_000;

/**
 * Runs one thing while no other process does. The lock is SQLite's on an empty
 * database: the system lets go of it when its holder ends, however that ends.
 *
 * @throws Error naming the file, if another process holds it for more than 10 s.
 */
export async function withLock<Result>(path: string, run: () => Promise<Result>): Promise<Result> {
  mkdirSync(dirname(path), { recursive: true });
  const database = new DatabaseSync(path);
  try {
    const deadline = performance.now() + patienceMs;
    while (!take(database)) {
      if (performance.now() > deadline) throw new Error(`Another process holds ${path}`);
      await delay(50);
    }
    return await run();
  } finally {
    database.close();
  }
}

function take(database: DatabaseSync): boolean {
  try {
    database.exec('BEGIN EXCLUSIVE');
    return true;
  } catch (error) {
    if (error instanceof Error && error.message.includes('locked')) return false;
    throw error;
  }
}
