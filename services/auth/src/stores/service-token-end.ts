import type { Prisma } from '@arcadium/prisma/auth';
import { lockBlacklist } from './token-blacklist.ts';
import type { Transaction } from './transaction.ts';

/**
 * Most tokens ended by one transaction, some seconds of work for a slow database. SERVICE_TOKENS_MAX is
 * lower; tokens from before that limit may take several transactions.
 */
export const mostEndedAtOnce = 5000;

/**
 * Revokes up to {@link mostEndedAtOnce} service tokens with one statement, newest first: marks them and adds
 * them to the blacklist. Must be the last statement of its transaction.
 *
 * @param which A condition on rows of `service_tokens`.
 * @returns The ids of the revoked tokens, newest first.
 */
export async function endServiceTokens(
  transaction: Transaction,
  which: Prisma.Sql,
  at: Date,
): Promise<string[]> {
  const [found] = await transaction.$queryRaw<[{ any: boolean }]>`
    SELECT EXISTS (SELECT FROM service_tokens WHERE revoked_at IS NULL AND ${which}) AS any`;
  if (!found.any) return [];
  await lockBlacklist(transaction);
  const ended = await transaction.$queryRaw<{ jti: string }[]>`
    WITH ended AS (
      UPDATE service_tokens SET revoked_at = ${at}::timestamptz
      WHERE jti IN (
        SELECT jti FROM service_tokens WHERE revoked_at IS NULL AND ${which}
        ORDER BY issued_at DESC, jti DESC LIMIT ${mostEndedAtOnce}::int
      )
      RETURNING jti, issued_at, expires_at
    ), voided AS (
      INSERT INTO token_blacklist (jti, expires_at, reason)
      SELECT jti, expires_at, 'revoked' FROM ended WHERE expires_at > ${at}::timestamptz
      ON CONFLICT DO NOTHING
    )
    SELECT jti FROM ended ORDER BY issued_at DESC, jti DESC`;
  return ended.map(({ jti }) => jti);
}
