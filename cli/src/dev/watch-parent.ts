/** How often to look, in milliseconds. */
const pollMs = 1000;

/**
 * Calls `onGone` when the program that started this one is gone: a process that
 * loses its parent is given another one, and `kill -9` shows in nothing else.
 */
export function watchParent(onGone: () => void): { stop(): void } {
  const parent = process.ppid;
  const timer = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(timer);
    onGone();
  }, pollMs);
  timer.unref();
  return { stop: () => clearInterval(timer) };
}
