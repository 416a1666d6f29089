import { argon2Sync, type Argon2Parameters } from 'node:crypto';
import { readlinkSync } from 'node:fs';
import { setPriority } from 'node:os';
import { basename } from 'node:path';
import { parentPort } from 'node:worker_threads';

/** What the thread is asked. */
export interface HashingJob {
  readonly id: number;
  readonly parameters: Argon2Parameters;
}

/** What it answers. */
export interface HashingResult {
  readonly id: number;
  readonly tag: Uint8Array;
}

/** Less than usual (0), so that whoever answers calls goes first where there are fewer cores than work; 19 would be never. */
const niceness = 10;

/** Linux has a priority for each thread, and a thread may lower its own. Elsewhere it stays as it is. */
function giveWay(): void {
  try {
    setPriority(Number(basename(readlinkSync('/proc/thread-self'))), niceness);
  } catch {
    // No Linux, or a sandbox without /proc: hashing goes on as before.
  }
}

giveWay();
parentPort?.on('message', ({ id, parameters }: HashingJob) => {
  parentPort?.postMessage({ id, tag: argon2Sync('argon2id', parameters) } satisfies HashingResult, []);
});
