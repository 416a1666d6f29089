import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';

/**
 * When a process began, in the system's words: with its number, what no other
 * process of this machine has. `undefined` if no process has this number, or
 * only what is left of one that has ended.
 */
export function birthOf(pid: number): string | undefined {
  try {
    const [state = 'Z', born] = existsSync('/proc/self/stat') ? fromProc(pid) : fromPs(pid);
    return state.startsWith('Z') ? undefined : born;
  } catch {
    return undefined;
  }
}

function fromProc(pid: number): (string | undefined)[] {
  // "pid (name) state …", where the name may hold anything, parentheses too
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  // Field 22 counts from the start of the system, so that belongs to it.
  const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  return [fields[0], `${boot}:${fields[19]}`];
}

function fromPs(pid: number): (string | undefined)[] {
  const line = execFileSync('ps', ['-p', String(pid), '-o', 'stat=,lstart='], {
    encoding: 'utf8',
    stdio: 'pipe',
    env: { PATH: process.env['PATH'], LC_ALL: 'C' },
  });
  return /^\s*(\S+)\s+(.+?)\s*$/.exec(line)?.slice(1) ?? [];
}
