import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';

/**
 * Start time of a process in the system's format. Together with the process id it is unique on this machine.
 * `undefined` if there is no such process, or only a zombie.
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
  // "pid (name) state …"; the name may contain parentheses
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  // Field 22 counts from boot, so the boot id is added.
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
