import type { PlaceInTime } from '@arcadium/mesh/server';
import type { PrismaClient, User } from '@arcadium/prisma/auth';
import { isUniqueViolation } from '@arcadium/prisma/database';

/** A user as stored; the hash never leaves this service. */
export type StoredUser = User;

/** Users in the database. */
export interface UserStore {
  /** Writes a user and the first entry of his password history; `undefined` if the address is taken. */
  create(user: {
    email: string;
    name: string;
    role: 'user' | 'admin';
    passwordHash: string;
  }): Promise<StoredUser | undefined>;
  findById(id: string): Promise<StoredUser | undefined>;
  findByEmail(email: string): Promise<StoredUser | undefined>;
  findMany(ids: readonly string[]): Promise<StoredUser[]>;
  /** Newest first, from after one of them. */
  list(limit: number, after: PlaceInTime | undefined): Promise<StoredUser[]>;
  /** `undefined` if there is no such user. */
  rename(id: string, name: string): Promise<StoredUser | undefined>;
  hasAdministrator(): Promise<boolean>;
}

/** Makes the store on a client of the auth schema. */
export function createUserStore(client: PrismaClient): UserStore {
  return {
    async create(user) {
      try {
        return await client.user.create({
          data: { ...user, passwordHistory: { create: { passwordHash: user.passwordHash } } },
        });
      } catch (error) {
        if (isUniqueViolation(error)) return undefined;
        throw error;
      }
    },
    async findById(id) {
      return (await client.user.findUnique({ where: { id } })) ?? undefined;
    },
    async findByEmail(email) {
      return (await client.user.findUnique({ where: { email } })) ?? undefined;
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
        orderBy: [{ createdAt: 'desc' }, { id: 'desc' }],
        take: limit,
      });
    },
    async rename(id, name) {
      const [renamed] = await client.user.updateManyAndReturn({ where: { id }, data: { name } });
      return renamed;
    },
    async hasAdministrator() {
      return (await client.user.findFirst({ where: { role: 'admin' }, select: { id: true } })) !== null;
    },
  };
}
