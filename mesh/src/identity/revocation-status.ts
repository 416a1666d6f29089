/**
 * How a process learns of revocations: `following`, as they happen; `polling`, by asking each second; `stale`, not at
 * all for more than five seconds: what it held before is still in force.
 */
export type RevocationState = 'following' | 'polling' | 'stale';

/** How a feed stands. */
export interface RevocationStatus {
  readonly state: RevocationState;
  /** How many are held. */
  readonly size: number;
  /** Up to where in the source's order. */
  readonly position: number;
  /** How long ago the source has said that nothing is missing, in milliseconds; `undefined` before the first time. */
  readonly confirmedMsAgo: number | undefined;
}
