/**
 * A page compares no contracts: it cannot read that of a service, which is not for users. Instead of skew/skew.ts.
 */
export class Skew {
  readonly found = false;
  readonly ours = undefined;
  /** A page does not ask: another origin would have to allow the header. */
  readonly question = undefined;
  heard(): undefined {}
  mismatch(): undefined {}
  unfit(): undefined {}

  refused(): string[] {
    return [];
  }

  error(): never {
    throw new Error('A page compares no contracts');
  }
}
