/**
 * Clock of a client, read once per step of a call: reading the system clock costs more than most uses of the time.
 */
export class Clock {
  /** Last reading of `performance.now()`, in milliseconds. */
  latest = performance.now();

  /** Last reading, as an option of policies. */
  readonly now = (): number => this.latest;

  /** Reads the system clock. */
  read(): number {
    this.latest = performance.now();
    return this.latest;
  }
}
