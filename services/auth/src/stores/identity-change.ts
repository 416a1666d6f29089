import type { Origin } from './audit-log.ts';
import { mustStillStand } from './caller-standing.ts';
import { inTransaction, lockUsers, type Database, type Transaction } from './transaction.ts';

/** The subjects of a change, besides its caller. */
export interface Subjects {
  /** A user's id: the account, its sessions and its second factor. */
  readonly user?: string;
  /** A service's name: its tokens. */
  readonly service?: string;
  /** Whether the change may reduce the number of administrators. @default false */
  readonly administrators?: boolean;
  /**
   * Whether the change may end the credentials of any caller, such as withdrawing a key or revoking an
   * unknown token. No other change of identities runs at the same time. @default false
   */
  readonly credentials?: boolean;
}

/** Held while the administrators are counted. The number is unique within the auth schema. */
const administratorsLock = 7_261_351;

/** Held by every change of identities: shared, or exclusive if it may end any credentials. Also unique. */
const credentialsLock = 7_261_350;

/** The class of the locks of services; each lock is a hash of the service's name. */
const serviceLocks = 7_261_352;

/**
 * Runs a change of identities in one transaction: takes the locks of its subjects and its caller, checks
 * under these locks that the caller's credentials are still valid ({@link mustStillStand}), and then does the
 * work.
 *
 * Everything that ends credentials holds one of these locks: the end of a session that of its user, the end
 * of a service's tokens that of the service, the end of keys and unknown tokens the credentials' lock. So a
 * change either commits before its caller is revoked, and the revocation sees what it wrote, or it sees the
 * revocation and is rejected.
 *
 * @throws MeshError UNAUTHORIZED if the caller was revoked since the call was authenticated.
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

/** Each lock once, in the order in which every transaction takes them. */
function inOrder(...names: readonly (string | undefined)[]): string[] {
  return [...new Set(names)].filter((name) => name !== undefined).toSorted();
}
