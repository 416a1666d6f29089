import type { CheckId } from './check-id.ts';

/** A look is not possible before what another check finds is repaired. */
export class Needs extends Error {
  readonly check: CheckId;

  constructor(check: CheckId) {
    super(`needs ${check}`);
    this.check = check;
  }
}
