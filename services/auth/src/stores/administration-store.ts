import { recordAudit, type Origin } from './audit-log.ts';
import { endSessions } from './session-end.ts';
import { inTransaction, type Database, type Transaction } from './transaction.ts';
import { accountParts, lockUser, type StoredUser } from './user-store.ts';

/** Whose account is changed, when and by whom. */
export interface AccountChange {
  userId: string;
  at: Date;
  origin: Origin;
}

/** What a change of an account came to. `done` where it was so before, too. */
export type Administered =
  | { outcome: 'done'; user: StoredUser }
  | { outcome: 'not-found' | 'last-administrator' };

/** What administrators do to accounts. */
export interface AdministrationStore {
  /** Gives a role and ends all sessions: their access tokens say the old one. */
  setRole(role: 'user' | 'admin', change: AccountChange): Promise<Administered>;
  /** Closes an account and ends all sessions. */
  disable(change: AccountChange): Promise<Administered>;
  /** Opens it again. @returns undefined where there is no such user. */
  enable(change: AccountChange): Promise<StoredUser | undefined>;
}

/** Lets one at a time count the administrators; the number is this lock's alone within the database. */
const administratorsLock = 7_261_351;

/** Makes the store on a client of the auth schema. */
export function createAdministrationStore(database: Database): AdministrationStore {
  /** One change at a time: two administrators who dismiss each other must not both succeed. */
  const administer = (
    { userId }: AccountChange,
    work: (transaction: Transaction, user: StoredUser) => Promise<Administered>,
  ) =>
    inTransaction(database, async (transaction): Promise<Administered> => {
      await transaction.$executeRaw`SELECT pg_advisory_xact_lock(${administratorsLock}::bigint)`;
      const user = await lockUser(transaction, userId);
      return user ? work(transaction, user) : { outcome: 'not-found' };
    });

  return {
    setRole: (role, change) =>
      administer(change, async (transaction, user) => {
        const { userId, at, origin } = change;
        if (user.role === role) return { outcome: 'done', user };
        if (await isLastAdministrator(transaction, user)) return { outcome: 'last-administrator' };
        const changed = await update(transaction, userId, { role });
        const detail = { from: user.role, to: role };
        await recordAudit(transaction, { ...origin, event: 'account.role-changed', subject: userId, detail });
        await endSessions(transaction, { userId }, { at, reason: 'role-changed', origin });
        return { outcome: 'done', user: changed };
      }),
    disable: (change) =>
      administer(change, async (transaction, user) => {
        const { userId, at, origin } = change;
        if (user.disabledAt) return { outcome: 'done', user };
        if (await isLastAdministrator(transaction, user)) return { outcome: 'last-administrator' };
        const changed = await update(transaction, userId, { disabledAt: at });
        await recordAudit(transaction, { ...origin, event: 'account.disabled', subject: userId });
        await endSessions(transaction, { userId }, { at, reason: 'account-disabled', origin });
        return { outcome: 'done', user: changed };
      }),
    enable: ({ userId, origin }) =>
      inTransaction(database, async (transaction) => {
        const user = await lockUser(transaction, userId);
        if (!user?.disabledAt) return user;
        await recordAudit(transaction, { ...origin, event: 'account.enabled', subject: userId });
        return update(transaction, userId, { disabledAt: null });
      }),
  };
}

function update(
  transaction: Transaction,
  id: string,
  data: { role: string } | { disabledAt: Date | null },
): Promise<StoredUser> {
  return transaction.user.update({ where: { id }, data, include: accountParts });
}

/** Whether nobody else is left who administers and can log in. */
async function isLastAdministrator(transaction: Transaction, user: StoredUser): Promise<boolean> {
  if (user.role !== 'admin' || user.disabledAt) return false;
  const other = await transaction.user.findFirst({
    where: { role: 'admin', disabledAt: null, id: { not: user.id } },
    select: { id: true },
  });
  return other === null;
}
