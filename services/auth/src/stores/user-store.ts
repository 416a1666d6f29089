import type { PlaceInTime } from '@arcadium/mesh/server';
import { isUniqueViolation } from '@arcadium/postgres/database';
import type { User } from '@arcadium/prisma/auth';
import { recordAudit, type Origin } from './audit-log.ts';
import { changeIdentities } from './identity-change.ts';
import { lockUsers, type Database, type Transaction } from './transaction.ts';

/** A user as stored; the hash never leaves this service. */
export type StoredUser = User & { totpSecret: { confirmedAt: Date | null } | null };

/** The fields shown to the account's user and put into its access tokens. */
export type AccountRow = Pick<
  StoredUser,
  'id' | 'email' | 'name' | 'role' | 'roleSince' | 'createdAt' | 'disabledAt' | 'totpSecret'
>;

/** The parts of an account besides the row in `users`. */
export const accountParts = { totpSecret: { select: { confirmedAt: true } } } as const;

/** An account to create. */
export interface NewUser {
  email: string;
  name: string;
  role: 'user' | 'admin';
  passwordHash: string;
  createdAt: Date;
}

/** Filter of a list. */
export interface UserFilter {
  /** Part of the address or of the name, in any case. */
  search?: string | undefined;
  role?: 'user' | 'admin' | undefined;
}

/** Users in the database. */
export interface UserStore {
  /** Creates a user and the first entry of the password history; `undefined` if the address is taken. */
  create(user: NewUser, origin: Origin): Promise<StoredUser | undefined>;
  findById(id: string): Promise<StoredUser | undefined>;
  findByEmail(email: string): Promise<StoredUser | undefined>;
  /** Names only, without the rest of the account. */
  findMany(ids: readonly string[]): Promise<User[]>;
  /** Newest first, starting after a position. */
  list(filter: UserFilter, limit: number, after: PlaceInTime | undefined): Promise<StoredUser[]>;
  /** `undefined` if the user does not exist. */
  rename(id: string, name: string, origin: Origin): Promise<StoredUser | undefined>;
  /** Whether there is an administrator who can log in. */
  hasAdministrator(): Promise<boolean>;
}

/** Creates the store on a client of the auth schema. */
export function createUserStore(client: Database): UserStore {
  return {
    async create(user, origin) {
      try {
        return await changeIdentities(client, origin, {}, (transaction) => create(transaction, user, origin));
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
    list({ search, role }, limit, after) {
      const contains = search?.replaceAll(/[\\%_]/g, String.raw`\$&`);
      return client.user.findMany({
        where: {
          ...(role !== undefined && { role }),
          AND: [
            contains === undefined
              ? {}
              : {
                  OR: [
                    { email: { contains, mode: 'insensitive' } },
                    { name: { contains, mode: 'insensitive' } },
                  ],
                },
            after
              ? { OR: [{ createdAt: { lt: after.at } }, { createdAt: after.at, id: { lt: after.id } }] }
              : {},
          ],
        },
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

/** Whether a log-in requires a code; an unconfirmed second factor does not count. */
export function hasSecondFactor({ totpSecret }: Pick<StoredUser, 'totpSecret'>): boolean {
  return Boolean(totpSecret?.confirmedAt);
}

/** Reads a user with the parts of the account. */
export async function findAccount(from: Database | Transaction, id: string): Promise<StoredUser | undefined> {
  return (await from.user.findUnique({ where: { id }, include: accountParts })) ?? undefined;
}

/** Locks a user's account, and reads it under the lock. */
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
