/** So much sooner than expected a thing may come, in seconds: what it is counted from had begun before the clock was read. */
const earliness = 0.25;

/** So much later a thing may come on a busy machine, in seconds. */
const lateness = 1.4;

/**
 * A measured time as one of the table: the expected one where it fits, so that
 * the table is the same on every machine.
 *
 * @param ms What was measured.
 * @param expected In seconds; 0 for less than half of one.
 */
export function inSeconds(ms: number, expected: number): number {
  const seconds = ms / 1000;
  const fits = seconds > expected - earliness && seconds < expected + lateness;
  return fits ? expected : Number(seconds.toFixed(1));
}
