import type { Prisma, PrismaClient } from '@arcadium/prisma/wiki';

/** The wiki's Prisma client. */
export type Database = PrismaClient;

/** The same within a transaction. */
export type Transaction = Prisma.TransactionClient;
