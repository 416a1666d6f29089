import type { Caller } from '../../contract/index.ts';
import type { Peer } from '../call/peer.ts';

/**
 * How access rules are applied. `enforce`: callers that are not admitted are refused. `audit`, to try out rules: most of
 * them are let through and recorded.
 */
export type AccessMode = 'enforce' | 'audit';

/**
 * Why a caller was denied: `bad-credentials`, the token is invalid; `no-credentials`, there is no token and the
 * procedure needs one; `not-admitted`, the caller is known and the rule does not admit it.
 */
export type DenialReason = 'bad-credentials' | 'no-credentials' | 'not-admitted';

/** An access that was denied, or, in audit mode, let through. */
export interface Denial {
  /** Path of the procedure or the route, for example `pages.create` or `/api/mesh`. */
  readonly procedure: string;
  /** `nobody` for invalid credentials. */
  readonly caller: Caller;
  readonly reason: DenialReason;
  /** The reason as text; contains nothing of a token. */
  readonly message: string;
  /** `audit`: the call was let through. */
  readonly mode: AccessMode;
  readonly peer: Peer;
  /** `x-request-id`, if there is one. */
  readonly requestId: string | undefined;
}
