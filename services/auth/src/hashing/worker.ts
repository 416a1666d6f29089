import { execFileSync } from 'node:child_process';
import { argon2Sync, type Argon2Parameters } from 'node:crypto';
import { readlinkSync } from 'node:fs';
import { setPriority } from 'node:os';
import { basename } from 'node:path';
import { parentPort, workerData } from 'node:worker_threads';

/**
 * How much of the machine's time the thread has: `leftover`, what nobody else wants, which may be none; `some`, less
 * than others, but always some.
 */
export type Share = 'leftover' | 'some';

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

/** Less than usual (0), so that whoever answers calls goes first where there are fewer cores than work. */
const niceness: Readonly<Record<Share, number>> = { leftover: 19, some: 10 };

/**
 * Linux has a priority for each thread, and a thread may lower its own. One that is merely nice still keeps its core
 * until its slice is over, while others queue for the rest; only to one that is idle, by the scheduler's name for it,
 * nobody waits. Node cannot ask for that, `chrt` of util-linux can. Elsewhere the thread is as nice as it can be.
 */
function giveWay(share: Share): void {
  try {
    const thread = basename(readlinkSync('/proc/thread-self'));
    setPriority(Number(thread), niceness[share]);
    if (share === 'leftover')
      execFileSync('chrt', ['--idle', '--pid', '0', thread], { stdio: 'ignore', timeout: 5000 });
  } catch {
    // No Linux, no chrt, or a sandbox without /proc: hashing goes on as it is.
  }
}

giveWay(workerData as Share);
parentPort?.on('message', ({ id, parameters }: HashingJob) => {
  parentPort?.postMessage({ id, tag: argon2Sync('argon2id', parameters) } satisfies HashingResult, []);
});
