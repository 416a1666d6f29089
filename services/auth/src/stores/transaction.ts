import type { Prisma, PrismaClient } from '@arcadium/prisma/auth';

/** Auth's Prisma client. */
export type Database = PrismaClient;

/** The same within a transaction. */
export type Transaction = Prisma.TransactionClient;

/** Longest wait for a connection, in milliseconds; most callers wait as long for an answer. */
const longestWaitMs = 5_000;

/** Longest duration of a transaction, in milliseconds, including waits for locks; the same as for one statement. */
const longestMs = 16_000;

/**
 * Runs a transaction. To prevent deadlocks, all transactions take locks in this order: the administrators'
 * lock, the credentials' lock, a service's lock, rows of users by id, their sessions, tokens and keys, and
 * the blacklist's lock.
 */
export function inTransaction<Answer>(
  database: Database,
  work: (transaction: Transaction) => Promise<Answer>,
): Promise<Answer> {
  return database.$transaction(work, { maxWait: longestWaitMs, timeout: longestMs });
}

/** Locks these accounts and everything that belongs to them. */
export async function lockUsers(transaction: Transaction, ids: readonly string[]): Promise<void> {
  if (ids.length === 0) return;
  await transaction.$executeRaw`SELECT FROM users WHERE id = ANY (${ids}::uuid[]) ORDER BY id FOR UPDATE`;
}
