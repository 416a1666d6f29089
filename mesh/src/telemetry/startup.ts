/**
 * How long after its start a process expects what it depends on to be still
 * starting, in milliseconds.
 */
export const startupGraceMs = 10_000;

/** When the grace of this process ends, on the clock of `performance.now()`. */
let endsAt = 0;

/** Says that this process starts now, with its code loaded; `run()` does. Without it there is no grace. */
export function beginStartup(): void {
  endsAt = performance.now() + startupGraceMs;
}

/** How much of the grace is left, in milliseconds: 0 in a process that is not starting. */
export function startupLeftMs(): number {
  return Math.max(0, endsAt - performance.now());
}

/**
 * The level for a failure that is expected while a mesh starts (a call to a
 * service that does not listen yet), where each failure is a line of its own.
 *
 * @param within Its level within the grace; after it, `warn`. @default 'info'
 */
export function startupLevel<Level extends 'debug' | 'info' = 'info'>(
  within?: Level,
): Level | 'info' | 'warn' {
  return startupLeftMs() > 0 ? (within ?? 'info') : 'warn';
}
