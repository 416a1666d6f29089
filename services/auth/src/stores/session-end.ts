import { leewayMs } from '@arcadium/mesh/identity';
import { userTokenLifetime } from '@arcadium/mesh/issuer';
import type { AuditEvent } from '@arcadium/contracts/auth';
import { Prisma } from '@arcadium/prisma/auth';
import type { Origin } from './audit-log.ts';
import { lockBlacklist, type RevocationReason } from './token-blacklist.ts';
import type { Transaction } from './transaction.ts';

/**
 * How long an entry outlasts the lifetime of an access token, in milliseconds: the clock of the replica that
 * issued the last one may be ahead, and that of a verifier behind.
 */
const toleranceMs = 2 * leewayMs;

const event: AuditEvent = 'session.ended';

/** The reason, time and origin of the end of a session. */
export interface Ending {
  at: Date;
  reason: RevocationReason;
  origin: Origin;
}

/**
 * Ends the active ones of the selected sessions: their refresh tokens become invalid, and their access tokens
 * are on the blacklist until the last has expired. Must be the last step of its transaction ({@link
 * lockBlacklist}). The user must be locked, because calls of such a session are checked again under that
 * lock.
 *
 * The number of statements does not depend on the number of sessions.
 *
 * @param which A condition on rows of `sessions`.
 * @returns The number of ended sessions.
 */
export async function endSessions(
  transaction: Transaction,
  which: Prisma.Sql,
  { at, reason, origin: { actor, request } }: Ending,
): Promise<number> {
  const active = Prisma.sql`${which} AND ended_at IS NULL AND expires_at > ${at}::timestamptz`;
  const [found] = await transaction.$queryRaw<[{ any: boolean }]>`
    SELECT EXISTS (SELECT FROM sessions WHERE ${active}) AS any`;
  if (!found.any) return 0;
  await lockBlacklist(transaction);
  const until = new Date(at.getTime() + userTokenLifetime * 1000 + toleranceMs);
  const [ended] = await transaction.$queryRaw<[{ count: number }]>`
    WITH ended AS (
      UPDATE sessions SET ended_at = ${at}::timestamptz WHERE ${active} RETURNING id, user_id
    ), recorded AS (
      INSERT INTO audit_log (id, event, actor_kind, actor_id, subject, address, request_id, detail)
      SELECT uuidv7(), ${event}, ${actor.kind}, ${actor.id}, user_id::text, ${request?.peer.address ?? null},
        ${request?.requestId ?? null}, jsonb_build_object('session', id, 'reason', ${reason}::text)
      FROM ended
    ), voided AS (
      INSERT INTO token_blacklist (jti, expires_at, reason)
      SELECT id::text, ${until}::timestamptz, ${reason}::text FROM ended
      ON CONFLICT DO NOTHING
    )
    SELECT count(*)::int AS count FROM ended`;
  return ended.count;
}

/** The condition for a session that has neither expired nor been ended. */
export function activeAt(at: Date) {
  return { endedAt: null, expiresAt: { gt: at } };
}

/** All sessions of a user, for {@link endSessions}. */
export function allOf(userId: string): Prisma.Sql {
  return Prisma.sql`user_id = ${userId}::uuid`;
}

/** One session. */
export function only(sessionId: string): Prisma.Sql {
  return Prisma.sql`id = ${sessionId}::uuid`;
}
