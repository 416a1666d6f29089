import type { Caller } from '../../contract/index.ts';
import type { Peer } from '../call/peer.ts';

/**
 * How access rules are applied. `enforce`: whom a rule does not admit is refused. `audit`, to try rules out: whom a rule
 * refuses for who it is, is let through and recorded, if there is what the handler relies on (`AccessControl`).
 */
export type AccessMode = 'enforce' | 'audit';

/**
 * Why a caller was denied: `bad-credentials`, a token was presented and is no good; `no-credentials`, none was and one
 * is needed; `not-admitted`, the caller is known and not one of those whom the rule admits.
 */
export type DenialReason = 'bad-credentials' | 'no-credentials' | 'not-admitted';

/** An access that was denied, or would have been. */
export interface Denial {
  /** The path of the procedure, as `pages.create`, or of what else was asked for, as `/api/mesh`. */
  readonly procedure: string;
  /** Nobody, where the credentials are no good: they prove nothing. */
  readonly caller: Caller;
  readonly reason: DenialReason;
  /** The reason in words; no token stands in them. */
  readonly message: string;
  /** `audit`: it was let through. */
  readonly mode: AccessMode;
  readonly peer: Peer;
  /** The id that the caller knows the request by, if there is one. */
  readonly requestId: string | undefined;
}
