import { recordAudit, type Origin } from './audit-log.ts';
import { changeIdentities } from './identity-change.ts';
import { allOf, endSessions } from './session-end.ts';
import type { Database, Transaction } from './transaction.ts';
import { accountParts, findAccount, type StoredUser } from './user-store.ts';

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

/** Makes the store on a client of the auth schema. */
export function createAdministrationStore(database: Database): AdministrationStore {
  /** One change at a time: two administrators who dismiss each other must not both succeed. */
  const administer = (
    { userId, origin }: AccountChange,
    work: (transaction: Transaction, user: StoredUser) => Promise<Administered>,
  ) =>
    changeIdentities(
      database,
      origin,
      { administrators: true, user: userId },
      async (transaction): Promise<Administered> => {
        const user = await findAccount(transaction, userId);
        return user ? work(transaction, user) : { outcome: 'not-found' };
      },
    );

  return {
    setRole: (role, change) =>
      administer(change, async (transaction, user) => {
        const { userId, at, origin } = change;
        if (user.role === role) return { outcome: 'done', user };
        if (await isLastAdministrator(transaction, user)) return { outcome: 'last-administrator' };
        const changed = await update(transaction, userId, { role });
        const detail = { from: user.role, to: role };
        await recordAudit(transaction, { ...origin, event: 'account.role-changed', subject: userId, detail });
        await endSessions(transaction, allOf(userId), { at, reason: 'role-changed', origin });
        return { outcome: 'done', user: changed };
      }),
    disable: (change) =>
      administer(change, async (transaction, user) => {
        const { userId, at, origin } = change;
        if (user.disabledAt) return { outcome: 'done', user };
        if (await isLastAdministrator(transaction, user)) return { outcome: 'last-administrator' };
        const changed = await update(transaction, userId, { disabledAt: at });
        await recordAudit(transaction, { ...origin, event: 'account.disabled', subject: userId });
        await endSessions(transaction, allOf(userId), { at, reason: 'account-disabled', origin });
        return { outcome: 'done', user: changed };
      }),
    enable: ({ userId, origin }) =>
      changeIdentities(database, origin, { user: userId }, async (transaction) => {
        const user = await findAccount(transaction, userId);
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
