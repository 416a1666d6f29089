/**
 * The startup grace: how long after the start of a process its dependencies may
 * still be starting, in milliseconds.
 */
export const startupGraceMs = 10_000;

/** End of the grace, by `performance.now()`. */
let endsAt = 0;
let stopping = false;

/**
 * Starts the grace; `run()` calls it once the code is loaded. Without it there is no grace.
 *
 * @example
 * beginStartup(); // a program that does not use run()
 */
export function beginStartup(): void {
  endsAt = performance.now() + startupGraceMs;
  stopping = false;
}

/** Marks the end of the process: `run()` calls it at the first signal. The services of a mesh often stop together. */
export function beginStop(): void {
  stopping = true;
}

/** Whether the process is stopping. */
export function isStopping(): boolean {
  return stopping;
}

/**
 * Remaining grace, in milliseconds.
 *
 * @example
 * const patient = startupLeftMs() > 0;
 */
export function startupLeftMs(): number {
  return Math.max(0, endsAt - performance.now());
}

/**
 * The log level of a failure that is expected while a mesh starts, such as a
 * call to a service that does not listen yet. Use `Outage` to log it once.
 *
 * @param within Level during the grace; `warn` after it. @default 'info'
 *
 * @example
 * log[startupLevel('debug')]({}, 'the search index is not there yet');
 */
export function startupLevel<Level extends 'debug' | 'info' = 'info'>(
  within?: Level,
): Level | 'info' | 'warn' {
  return startupLeftMs() > 0 ? (within ?? 'info') : 'warn';
}
