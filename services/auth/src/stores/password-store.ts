import { Prisma } from '@arcadium/prisma/auth';
import { recordAudit, type Origin } from './audit-log.ts';
import { changeIdentities } from './identity-change.ts';
import { allOf, endSessions } from './session-end.ts';
import { inTransaction, type Database } from './transaction.ts';
import { findAccount, type StoredUser } from './user-store.ts';

/** How many passwords are remembered, the current one included: none of them may be chosen. */
const remembered = 5;

/** A password that takes the place of another. */
export interface PasswordChange {
  /** As read when the old one was checked. */
  user: Pick<StoredUser, 'id' | 'passwordVersion'>;
  passwordHash: string;
  /** The session that goes on. */
  keepSession: string | undefined;
  at: Date;
  origin: Origin;
}

/** Passwords in the database: hashes, and those before. */
export interface PasswordStore {
  /** The hashes of a user's last passwords, the current one first. */
  recent(userId: string): Promise<string[]>;
  /** Changes it and ends all sessions but one. `overtaken` where another change came between. */
  change(
    change: PasswordChange,
  ): Promise<{ outcome: 'changed'; sessionsEnded: number } | { outcome: 'overtaken' }>;
  /** Puts a hash of the same password in the place of another, unless that was changed meanwhile. */
  upgrade(userId: string, from: string, to: string): Promise<void>;
}

/** Makes the store on a client of the auth schema. */
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
        // Of a weaker hash none is to be left, so neither among those that are remembered.
        if (count > 0) {
          await transaction.passwordHistory.updateMany({
            where: { userId, passwordHash: from },
            data: { passwordHash: to },
          });
        }
      }),
  };
}
