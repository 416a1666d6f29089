import type { Origin } from './audit-log.ts';
import { mustStillStand } from './caller-standing.ts';
import { inTransaction, lockUsers, type Database, type Transaction } from './transaction.ts';

/** Whose identities a change is about, besides its caller's. */
export interface Subjects {
  /** A user's id: the account, its sessions and its second factor. */
  readonly user?: string;
  /** A service's name: its tokens. */
  readonly service?: string;
  /** Whether the number of administrators may fall. @default false */
  readonly administrators?: boolean;
  /**
   * Whether callers of any kind may lose their credentials, as when a key is withdrawn or a token revoked of which
   * nothing is known: no other change of identities runs meanwhile. @default false
   */
  readonly credentials?: boolean;
}

/** One transaction at a time counts the administrators. The number is unique within the schema of auth. */
const administratorsLock = 7_261_351;

/** Held by every change of identities: shared, or alone by one that may end any credentials. Unique as well. */
const credentialsLock = 7_261_350;

/** The class of the locks of services, each by a hash of its name. */
const serviceLocks = 7_261_352;

/**
 * Runs a change of identities, all or nothing: takes the locks of its subjects
 * and of its caller, checks under these locks that the caller's credentials are
 * still good ({@link mustStillStand}), and only then does the work.
 *
 * Whatever ends credentials holds one of these locks: sessions end under the
 * lock of their user, tokens of a service under the service's, keys and unknown
 * tokens under the credentials' lock. So a change either commits before its
 * caller is revoked, and the revocation finds what it has written; or it
 * sees the revocation and is refused.
 *
 * @throws MeshError UNAUTHORIZED where the caller was revoked since the call was authenticated.
 */
export function changeIdentities<Answer>(
  database: Database,
  { caller }: Pick<Origin, 'caller'>,
  subjects: Subjects,
  work: (transaction: Transaction) => Promise<Answer>,
): Promise<Answer> {
  return inTransaction(database, async (transaction) => {
    if (subjects.administrators)
      await transaction.$executeRaw`SELECT pg_advisory_xact_lock(${administratorsLock}::bigint)`;
    if (subjects.credentials)
      await transaction.$executeRaw`SELECT pg_advisory_xact_lock(${credentialsLock}::bigint)`;
    else await transaction.$executeRaw`SELECT pg_advisory_xact_lock_shared(${credentialsLock}::bigint)`;
    for (const name of inOrder(caller.service?.name, subjects.service))
      await transaction.$executeRaw`SELECT pg_advisory_xact_lock(${serviceLocks}::int, hashtext(${name}))`;
    await lockUsers(transaction, inOrder(caller.user?.id, subjects.user));
    await mustStillStand(transaction, caller);
    return work(transaction);
  });
}

/** Each once, in the order in which every transaction takes them. */
function inOrder(...names: readonly (string | undefined)[]): string[] {
  return [...new Set(names)].filter((name) => name !== undefined).toSorted();
}
