import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

/** How long to wait for another process that holds the lock, in milliseconds. */
const patienceMs = 10_000;

/**
 * Runs one thing while no other process does, by a file that holds the
 * holder's process id. The lock of a process that is gone counts for nothing.
 *
 * @throws Error naming the file, if another process holds it for more than 10 s.
 */
export async function withLock<Result>(path: string, run: () => Promise<Result>): Promise<Result> {
  mkdirSync(dirname(path), { recursive: true });
  const deadline = performance.now() + patienceMs;
  while (!take(path)) {
    if (performance.now() > deadline) throw new Error(`Another process holds ${path}`);
    await delay(50);
  }
  try {
    return await run();
  } finally {
    rmSync(path, { force: true });
  }
}

function take(path: string): boolean {
  try {
    writeFileSync(path, String(process.pid), { flag: 'wx' });
    return true;
  } catch {
    if (!isHeld(path)) rmSync(path, { force: true });
    return false;
  }
}

function isHeld(path: string): boolean {
  try {
    const holder = Number(readFileSync(path, 'utf8'));
    // Empty for the moment between its making and its writing.
    if (holder > 0) process.kill(holder, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
