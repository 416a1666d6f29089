/**
 * The time as a client last looked at it. All that one step of a call asks for
 * the time gets the same, as to ask the system each time costs more than most
 * of what is done with it.
 */
export class Clock {
  /** When it was last looked at, on the clock of `performance.now()`, in milliseconds. */
  latest = performance.now();

  /** The same, as policies take their clock. */
  readonly now = (): number => this.latest;

  /** Looks at it. */
  read(): number {
    this.latest = performance.now();
    return this.latest;
  }
}
