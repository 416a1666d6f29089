import { spawn } from 'node:child_process';

/** Whether a process with this id exists, including zombies. */
export function isRunning(pid: number): boolean {
  if (!Number.isInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

// Ends when its standard input does, which the kernel ensures even after kill -9 of our process. $1 is the
// server, $2 a folder to remove afterwards, with its log, and with its parent folder if that is empty.
const reaperScript = `trap '' INT TERM HUP
read -r _
kill -INT "$1" 2>/dev/null
kill -CONT "$1" 2>/dev/null
tenths=0
while kill -0 "$1" 2>/dev/null; do
  sleep 0.1
  tenths=$((tenths + 1))
  [ "$tenths" -eq 100 ] && kill -KILL "$1" 2>/dev/null
done
[ -n "$2" ] || exit 0
rm -rf "$2" "$2.log"
rmdir "$(dirname "$2")" 2>/dev/null`;

/**
 * Starts a small shell that stops a server when our process is gone, even after `kill -9`, and even a frozen
 * one. Not on Windows, which has no such shell.
 *
 * @param pid The server, stopped with SIGINT.
 * @param leftovers Folder to remove after the server has ended.
 * @returns A function that cancels this.
 */
export function reapWithUs(pid: number, leftovers?: string): () => void {
  if (process.platform === 'win32') return () => {};
  // Detached: Ctrl-C goes to the whole process group, and this shell must survive it.
  const reaper = spawn('/bin/sh', ['-c', reaperScript, 'reaper', String(pid), leftovers ?? ''], {
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  reaper.once('error', () => {}); // no shell: the caller's exit handler remains
  reaper.stdin.on('error', () => {});
  reaper.unref();
  (reaper.stdin as unknown as { unref?: () => void }).unref?.();
  return () => {
    reaper.kill('SIGKILL');
  };
}
