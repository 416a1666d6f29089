/** Interval of the checks, in milliseconds. */
const pollMs = 1000;

/**
 * Calls `onGone` when the program that started this one is gone. A process that loses its parent gets another
 * one; after `kill -9` there is no other sign.
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
