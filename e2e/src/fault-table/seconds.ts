/**
 * How much earlier than expected something may happen, in seconds: it may have begun before the clock was
 * read.
 */
const earliness = 0.25;

/** How much later something may happen on a busy machine, in seconds. */
const lateness = 1.4;

/**
 * Rounds a measured time to the expected one if it fits, so that the table is the same on every machine.
 *
 * @param ms The measured time.
 * @param expected In seconds; 0 for less than half a second.
 */
export function inSeconds(ms: number, expected: number): number {
  const seconds = ms / 1000;
  const fits = seconds > expected - earliness && seconds < expected + lateness;
  return fits ? expected : Number(seconds.toFixed(1));
}
