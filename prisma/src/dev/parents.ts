import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** How often we look whether our parents still live, in milliseconds. */
const pollMs = 1_000;

/** Programs that stand between turbo and us: turbo runs npm, which runs a shell, which runs node. */
const launcher = /\b(turbo|npm|npx|pnpm|yarn|node)\b|^\/?(bin\/)?sh -c /;

/**
 * Calls `onGone` once when one of the processes that started us is gone: who
 * loses his parent is given another one, and `kill -9` shows in nothing else.
 * The chain is followed up to the nearest turbo, since killing that leaves its
 * npm running; without turbo it is our parent alone.
 */
export function watchParents(onGone: () => void): { stop(): void } {
  const chain = findLaunchers();
  const timer = setInterval(() => {
    if (chain.every(({ pid, parent }) => parentOf(pid) === parent)) return;
    clearInterval(timer);
    onGone();
  }, pollMs);
  return { stop: () => clearInterval(timer) };
}

interface Launched {
  pid: number;
  parent: number;
}

function findLaunchers(): Launched[] {
  const direct: Launched = { pid: process.pid, parent: process.ppid };
  const chain = [direct];
  for (let pid = process.ppid; pid > 1;) {
    const command = commandOf(pid);
    if (!command || !launcher.test(command)) break;
    // Its own parent does not matter: whoever started turbo may go.
    if (/\bturbo\b/.test(command)) return chain;
    const parent = parentOf(pid);
    if (parent === undefined) break;
    chain.push({ pid, parent });
    pid = parent;
  }
  return [direct];
}

function parentOf(pid: number): number | undefined {
  if (pid === process.pid) return process.ppid;
  try {
    if (process.platform !== 'linux') return Number(ps(pid, 'ppid='));
    // "pid (name) state ppid …", where the name may hold anything, parentheses too
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
  } catch {
    return undefined;
  }
}

function commandOf(pid: number): string | undefined {
  try {
    if (process.platform !== 'linux') return ps(pid, 'args=');
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
  } catch {
    return undefined;
  }
}

function ps(pid: number, columns: string): string {
  return execFileSync('ps', ['-p', String(pid), '-o', columns], { encoding: 'utf8', stdio: 'pipe' }).trim();
}
