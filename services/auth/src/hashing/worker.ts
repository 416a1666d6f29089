import { execFileSync } from 'node:child_process';
import { argon2Sync, type Argon2Parameters } from 'node:crypto';
import { readlinkSync } from 'node:fs';
import { setPriority } from 'node:os';
import { basename } from 'node:path';
import { parentPort, workerData } from 'node:worker_threads';

/**
 * The thread's share of CPU time: `leftover` is idle time, possibly none; `some` is less than others, but
 * always some.
 */
export type Share = 'leftover' | 'some';

/** A job for the thread. */
export interface HashingJob {
  readonly id: number;
  readonly parameters: Argon2Parameters;
}

/** Its answer. */
export interface HashingResult {
  readonly id: number;
  readonly tag: Uint8Array;
}

/** Below the default (0), so that threads that answer calls go first when cores are scarce. */
const niceness: Readonly<Record<Share, number>> = { leftover: 19, some: 10 };

/**
 * Lowers the priority of this thread; on Linux each thread has its own. A thread with a high nice value still
 * keeps its core until its time slice ends. Only the scheduler's idle class makes no other thread wait. Node
 * cannot set that class, but `chrt` of util-linux can. On other systems the thread only gets a high nice
 * value.
 */
function giveWay(share: Share): void {
  try {
    const thread = basename(readlinkSync('/proc/thread-self'));
    setPriority(Number(thread), niceness[share]);
    if (share === 'leftover')
      execFileSync('chrt', ['--idle', '--pid', '0', thread], { stdio: 'ignore', timeout: 5000 });
  } catch {
    // Not Linux, no chrt, or a sandbox without /proc: hash at normal priority.
  }
}

giveWay(workerData as Share);
parentPort?.on('message', ({ id, parameters }: HashingJob) => {
  parentPort?.postMessage({ id, tag: argon2Sync('argon2id', parameters) } satisfies HashingResult, []);
});
