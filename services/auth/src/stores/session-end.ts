import { userTokenLifetime } from '@arcadium/mesh/identity';
import type { Prisma } from '@arcadium/prisma/auth';
import { recordAudit, type Origin } from './audit-log.ts';
import { addToBlacklist, type RevocationReason } from './token-blacklist.ts';
import type { Transaction } from './transaction.ts';

/** By how much the clocks of this and that replica, and of whoever verifies, may be apart, in milliseconds. */
const toleranceMs = 60_000;

/** Why and when sessions end, and by whom. */
export interface Ending {
  at: Date;
  reason: RevocationReason;
  origin: Origin;
}

/**
 * Ends those of the sessions that are active: their refresh tokens are void,
 * and their access tokens are on the blacklist until the last has expired. To
 * be the last thing that a transaction does ({@link addToBlacklist}); sessions
 * of which there may be several want their user locked before.
 *
 * @returns how many there were.
 */
export async function endSessions(
  transaction: Transaction,
  which: Prisma.SessionWhereInput,
  { at, reason, origin }: Ending,
): Promise<number> {
  const ended = await transaction.session.updateManyAndReturn({
    where: { ...which, ...activeAt(at) },
    data: { endedAt: at },
    select: { id: true, userId: true },
  });
  for (const { id, userId } of ended) {
    await recordAudit(transaction, {
      ...origin,
      event: 'session.ended',
      subject: userId,
      detail: { session: id, reason },
    });
  }
  const expiresAt = new Date(at.getTime() + userTokenLifetime * 1000 + toleranceMs);
  await addToBlacklist(
    transaction,
    ended.map(({ id }) => ({ id, expiresAt })),
    reason,
  );
  return ended.length;
}

/** What is true of a session that has not ended, by itself or by somebody. */
export function activeAt(at: Date) {
  return { endedAt: null, expiresAt: { gt: at } };
}
