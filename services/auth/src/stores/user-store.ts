import type { PlaceInTime } from '@arcadium/mesh/server';
import { isUniqueViolation } from '@arcadium/postgres/database';
import type { User } from '@arcadium/prisma/auth';
import { recordAudit, type Origin } from './audit-log.ts';
import { changeIdentities } from './identity-change.ts';
import { inTransaction, lockUsers, type Database, type Transaction } from './transaction.ts';

/** A user as stored; the hash never leaves this service. */
export type StoredUser = User & { totpSecret: { confirmedAt: Date | null } | null };

/** What an account shows of itself, and what its access tokens say. */
export type AccountRow = Pick<
  StoredUser,
  'id' | 'email' | 'name' | 'role' | 'roleSince' | 'createdAt' | 'disabledAt' | 'totpSecret'
>;

/** What an account has besides the row of its user. */
export const accountParts = { totpSecret: { select: { confirmedAt: true } } } as const;

/** An account that is to be opened. */
export interface NewUser {
  email: string;
  name: string;
  role: 'user' | 'admin';
  passwordHash: string;
  createdAt: Date;
}

/** Users in the database. */
export interface UserStore {
  /** Writes a user and the first entry of his password history; `undefined` if the address is taken. */
  create(user: NewUser, origin: Origin): Promise<StoredUser | undefined>;
  findById(id: string): Promise<StoredUser | undefined>;
  findByEmail(email: string): Promise<StoredUser | undefined>;
  /** Their names, not their accounts. */
  findMany(ids: readonly string[]): Promise<User[]>;
  /** Newest first, from after one of them. */
  list(limit: number, after: PlaceInTime | undefined): Promise<StoredUser[]>;
  /** `undefined` if there is no such user. */
  rename(id: string, name: string, origin: Origin): Promise<StoredUser | undefined>;
  /** Whether there is one who can log in. */
  hasAdministrator(): Promise<boolean>;
}

/** Makes the store on a client of the auth schema. */
export function createUserStore(client: Database): UserStore {
  return {
    async create(user, origin) {
      try {
        return await inTransaction(client, (transaction) => create(transaction, user, origin));
      } catch (error) {
        if (isUniqueViolation(error)) return undefined;
        throw error;
      }
    },
    async findById(id) {
      return findAccount(client, id);
    },
    async findByEmail(email) {
      return (await client.user.findUnique({ where: { email }, include: accountParts })) ?? undefined;
    },
    findMany(ids) {
      return client.user.findMany({ where: { id: { in: [...new Set(ids)] } } });
    },
    list(limit, after) {
      return client.user.findMany({
        ...(after && {
          where: {
            OR: [{ createdAt: { lt: after.at } }, { createdAt: after.at, id: { lt: after.id } }],
          },
        }),
        include: accountParts,
        orderBy: [{ createdAt: 'desc' }, { id: 'desc' }],
        take: limit,
      });
    },
    rename: (id, name, origin) =>
      changeIdentities(client, origin, { user: id }, async (transaction) => {
        const { count } = await transaction.user.updateMany({ where: { id }, data: { name } });
        return count === 0 ? undefined : findAccount(transaction, id);
      }),
    async hasAdministrator() {
      const where = { role: 'admin', disabledAt: null };
      return (await client.user.findFirst({ where, select: { id: true } })) !== null;
    },
  };
}

/** Whether a code is asked for besides the password: one that was enrolled and not confirmed does not count. */
export function hasSecondFactor({ totpSecret }: Pick<StoredUser, 'totpSecret'>): boolean {
  return Boolean(totpSecret?.confirmedAt);
}

/** Reads a user with what belongs to his account. */
export async function findAccount(from: Database | Transaction, id: string): Promise<StoredUser | undefined> {
  return (await from.user.findUnique({ where: { id }, include: accountParts })) ?? undefined;
}

/** Lets one transaction at a time change what a user's account is, and reads it as of then. */
export async function lockUser(transaction: Transaction, id: string): Promise<StoredUser | undefined> {
  await lockUsers(transaction, [id]);
  return findAccount(transaction, id);
}

async function create(transaction: Transaction, user: NewUser, origin: Origin): Promise<StoredUser> {
  const { passwordHash, createdAt, role } = user;
  const made = await transaction.user.create({
    data: { ...user, passwordHistory: { create: { passwordHash, createdAt } } },
    include: accountParts,
  });
  await recordAudit(transaction, {
    ...origin,
    event: 'account.opened',
    subject: made.id,
    detail: { role },
  });
  return made;
}
