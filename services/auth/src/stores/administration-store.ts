import { produce } from '@arcadium/postgres/outbox';
import { notificationOutbox } from '@arcadium/prisma/notification-outbox';
import { recordAudit, type Origin } from './audit-log.ts';
import { changeIdentities } from './identity-change.ts';
import { allOf, endSessions } from './session-end.ts';
import { removeSecondFactor } from './second-factor-store.ts';
import type { Database, Transaction } from './transaction.ts';
import { accountParts, findAccount, hasSecondFactor, type StoredUser } from './user-store.ts';

/** The account to change, the time, and who changes it. */
export interface AccountChange {
  userId: string;
  at: Date;
  origin: Origin;
}

/** Result of a change of an account. `done` also if nothing had to be changed. */
export type Administered =
  | { outcome: 'done'; user: StoredUser }
  | { outcome: 'not-found' | 'last-administrator' };

/** Changes of accounts by administrators. */
export interface AdministrationStore {
  /** Sets the role and ends all sessions, because their access tokens carry the old role. */
  setRole(role: 'user' | 'admin', change: AccountChange): Promise<Administered>;
  /** Disables the account and ends all sessions. */
  disable(change: AccountChange): Promise<Administered>;
  /** Enables the account again. @returns `undefined` if the user does not exist. */
  enable(change: AccountChange): Promise<StoredUser | undefined>;
  /**
   * Turns the second factor off, deletes the secret and the recovery codes, notifies the user and ends all
   * sessions.
   *
   * @returns `undefined` if the user does not exist.
   */
  resetSecondFactor(change: AccountChange): Promise<StoredUser | undefined>;
  /** Ends all sessions. @returns The number of active ones; `undefined` if the user does not exist. */
  endSessions(change: AccountChange): Promise<number | undefined>;
}

/** Creates the store on a client of the auth schema. */
export function createAdministrationStore(database: Database): AdministrationStore {
  /** One change at a time: if two administrators disable each other, only one may succeed. */
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
    resetSecondFactor: ({ userId, at, origin }) =>
      changeIdentities(database, origin, { user: userId }, async (transaction) => {
        const user = await findAccount(transaction, userId);
        if (!user?.totpSecret) return user;
        await removeSecondFactor(transaction, userId);
        if (hasSecondFactor(user)) {
          const detail = { reason: 'reset' };
          const event = 'second-factor.disabled';
          await recordAudit(transaction, { ...origin, event, subject: userId, detail });
          await tellOwnerOfReset(transaction, userId);
          await endSessions(transaction, allOf(userId), { at, reason: 'second-factor-reset', origin });
        }
        return { ...user, totpSecret: null };
      }),
    endSessions: ({ userId, at, origin }) =>
      changeIdentities(database, origin, { user: userId }, async (transaction) => {
        if (!(await findAccount(transaction, userId))) return undefined;
        return endSessions(transaction, allOf(userId), { at, reason: 'ended-by-administrator', origin });
      }),
  };
}

/** From now on the password alone logs in, so the user must learn of it. */
async function tellOwnerOfReset(transaction: Transaction, userId: string): Promise<void> {
  await produce(notificationOutbox, (traceparent) =>
    transaction.notificationOutbox.create({
      data: {
        traceparent,
        userIds: [userId],
        topic: 'security',
        title: 'Your second factor was turned off',
        body: 'An administrator turned off the second factor of your account and ended your sessions. Set it up again with your authenticator app. If you did not ask for this, change your password and tell an administrator.',
        link: '/',
      },
      select: { id: true },
    }),
  );
}

function update(
  transaction: Transaction,
  id: string,
  data: { role: string } | { disabledAt: Date | null },
): Promise<StoredUser> {
  return transaction.user.update({ where: { id }, data, include: accountParts });
}

/** Whether this is the last administrator who can log in. */
async function isLastAdministrator(transaction: Transaction, user: StoredUser): Promise<boolean> {
  if (user.role !== 'admin' || user.disabledAt) return false;
  const other = await transaction.user.findFirst({
    where: { role: 'admin', disabledAt: null, id: { not: user.id } },
    select: { id: true },
  });
  return other === null;
}
