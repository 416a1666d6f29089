import { Prisma } from '@arcadium/prisma/auth';
import { recordAudit, type Origin } from './audit-log.ts';
import { changeIdentities } from './identity-change.ts';
import { allOf, endSessions } from './session-end.ts';
import { inTransaction, type Database } from './transaction.ts';
import { findAccount, type StoredUser } from './user-store.ts';

/** Number of remembered passwords, including the current one. They cannot be chosen again. */
const remembered = 5;

/** A new password. */
export interface PasswordChange {
  /** As read when the old password was checked. */
  user: Pick<StoredUser, 'id' | 'passwordVersion'>;
  passwordHash: string;
  /** The session that stays active. */
  keepSession: string | undefined;
  at: Date;
  origin: Origin;
}

/** Current and earlier password hashes in the database. */
export interface PasswordStore {
  /** The hashes of a user's latest passwords, the current one first. */
  recent(userId: string): Promise<string[]>;
  /** Changes the password and ends all sessions except one. `overtaken` if another change came first. */
  change(
    change: PasswordChange,
  ): Promise<{ outcome: 'changed'; sessionsEnded: number } | { outcome: 'overtaken' }>;
  /** Replaces a hash by another of the same password, unless the password was changed in the meantime. */
  upgrade(userId: string, from: string, to: string): Promise<void>;
}

/** Creates the store on a client of the auth schema. */
export function createPasswordStore(database: Database): PasswordStore {
  return {
    async recent(userId) {
      const rows = await database.passwordHistory.findMany({
        where: { userId },
        orderBy: [{ createdAt: 'desc' }, { id: 'desc' }],
        take: remembered,
        select: { passwordHash: true },
      });
      return rows.map(({ passwordHash }) => passwordHash);
    },
    change: ({ user: { id: userId, passwordVersion }, passwordHash, keepSession, at, origin }) =>
      changeIdentities(database, origin, { user: userId }, async (transaction) => {
        const user = await findAccount(transaction, userId);
        if (user?.passwordVersion !== passwordVersion) return { outcome: 'overtaken' };
        await transaction.user.update({
          where: { id: userId },
          data: { passwordHash, passwordVersion: { increment: 1 } },
          select: { id: true },
        });
        await transaction.passwordHistory.create({ data: { userId, passwordHash, createdAt: at } });
        const older = await transaction.passwordHistory.findMany({
          where: { userId },
          orderBy: [{ createdAt: 'desc' }, { id: 'desc' }],
          skip: remembered,
          select: { id: true },
        });
        await transaction.passwordHistory.deleteMany({ where: { id: { in: older.map(({ id }) => id) } } });
        await recordAudit(transaction, { ...origin, event: 'password.changed', subject: userId });
        const others = Prisma.sql`${allOf(userId)} AND id IS DISTINCT FROM ${keepSession ?? null}::uuid`;
        const ending = { at, reason: 'password-changed', origin } as const;
        return { outcome: 'changed', sessionsEnded: await endSessions(transaction, others, ending) };
      }),
    upgrade: (userId, from, to) =>
      inTransaction(database, async (transaction) => {
        const { count } = await transaction.user.updateMany({
          where: { id: userId, passwordHash: from },
          data: { passwordHash: to },
        });
        // The weaker hash is replaced in the history too, so that none is left.
        if (count > 0) {
          await transaction.passwordHistory.updateMany({
            where: { userId, passwordHash: from },
            data: { passwordHash: to },
          });
        }
      }),
  };
}
