import { spawn } from 'node:child_process';

/** Whether a process of this number exists (a zombie counts). */
export function isRunning(pid: number): boolean {
  if (!Number.isInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

// Ends when its standard input does, which the kernel sees to however our
// process goes (kill -9 included); $1 the server, $2 a folder to remove after it, with its log, and
// with the folder around it if that is empty then.
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
 * Starts a shell of a few kilobytes that stops a server when our process is
 * gone, even by `kill -9`, and even one that is frozen. Not on Windows, which has no shell for it.
 *
 * @param pid The server, stopped with SIGINT.
 * @param leftovers Folder to remove once the server is gone, if any.
 * @returns A function that calls the watch off.
 */
export function reapWithUs(pid: number, leftovers?: string): () => void {
  if (process.platform === 'win32') return () => {};
  // Detached: Ctrl-C reaches the whole process group, and this one must outlive it.
  const reaper = spawn('/bin/sh', ['-c', reaperScript, 'reaper', String(pid), leftovers ?? ''], {
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  reaper.once('error', () => {}); // no shell: the exit handler of the caller remains
  reaper.stdin.on('error', () => {});
  reaper.unref();
  (reaper.stdin as unknown as { unref?: () => void }).unref?.();
  return () => {
    reaper.kill('SIGKILL');
  };
}
