import type { Prisma, PrismaClient } from '@arcadium/prisma/auth';

/** Auth's Prisma client. */
export type Database = PrismaClient;

/** The same within a transaction. */
export type Transaction = Prisma.TransactionClient;

/** How long a transaction may wait for a connection, in milliseconds: as long as most callers wait for an answer. */
const longestWaitMs = 5_000;

/**
 * Runs a transaction. Locks are taken in one order, so that no two wait for
 * each other: the administrators', the user's, his sessions', the blacklist's.
 */
export function inTransaction<Answer>(
  database: Database,
  work: (transaction: Transaction) => Promise<Answer>,
): Promise<Answer> {
  return database.$transaction(work, { maxWait: longestWaitMs });
}
