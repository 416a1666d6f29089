/** Largest difference from the wall clock, in milliseconds, before the wall clock is read again. */
const largestDriftMs = 50;

let offsetMs = Date.now() - performance.now();

/** What makes a time of `performance.now()` one of the wall clock, in milliseconds since 1970. */
export function epochOffsetMs(): number {
  const current = Date.now() - performance.now();
  if (Math.abs(current - offsetMs) > largestDriftMs) offsetMs = current;
  return offsetMs;
}
