import type { Prisma, PrismaClient } from '@arcadium/prisma/auth';

/** Auth's Prisma client. */
export type Database = PrismaClient;

/** The same within a transaction. */
export type Transaction = Prisma.TransactionClient;

/** How long a transaction may wait for a connection, in milliseconds: as long as most callers wait for an answer. */
const longestWaitMs = 5_000;

/** How long a transaction may take, its waits for locks included, in milliseconds: as long as one statement may. */
const longestMs = 16_000;

/**
 * Runs a transaction. Locks are taken in one order, so that no two transactions
 * wait for each other: the administrators' lock, the credentials' lock, a
 * service's, rows of users (by id), then their sessions, tokens and keys, and
 * the blacklist's lock last.
 */
export function inTransaction<Answer>(
  database: Database,
  work: (transaction: Transaction) => Promise<Answer>,
): Promise<Answer> {
  return database.$transaction(work, { maxWait: longestWaitMs, timeout: longestMs });
}

/** Lets one transaction at a time change these accounts and what belongs to them. */
export async function lockUsers(transaction: Transaction, ids: readonly string[]): Promise<void> {
  if (ids.length === 0) return;
  await transaction.$executeRaw`SELECT FROM users WHERE id = ANY (${ids}::uuid[]) ORDER BY id FOR UPDATE`;
}
