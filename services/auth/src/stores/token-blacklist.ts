import type { PrismaClient } from '@arcadium/prisma/auth';
import type { Transaction } from './transaction.ts';

/** Why a token or a session is revoked. */
export type RevocationReason =
  | 'account-disabled'
  | 'ended-by-administrator'
  | 'logged-out'
  | 'password-changed'
  | 'refresh-token-reused'
  | 'revoked'
  | 'role-changed'
  | 'second-factor-reset'
  | 'too-many-sessions';

/** An entry to add. */
export interface RevocationRecord {
  /** The `jti` of a token, the `sid` of a session, or the `kid` of a key. */
  id: string;
  /** When the last token it applies to expires. */
  expiresAt: Date;
}

/** An entry with its position in the list. */
export interface Revocation extends RevocationRecord {
  position: number;
}

/** A part of the list. */
export interface RevocationPage {
  /** Ordered by position. */
  entries: readonly Revocation[];
  /** The position of the newest entry, expired or not; 0 if there was never one. */
  top: number;
  /** The id of the entry at the requested position, if it still exists. */
  anchor: string | undefined;
}

/** Tokens and sessions that were revoked before they expired. */
export interface TokenBlacklist {
  /** Whether any of these ids is on the list. */
  has(...ids: readonly string[]): Promise<boolean>;
  /** Up to `limit` unexpired entries after a position, as one snapshot. */
  after(position: number, options: { limit: number; now: Date }): Promise<RevocationPage>;
  /**
   * Deletes up to `limit` entries that had expired by then. The newest one stays, so that the highest
   * position never decreases.
   *
   * @returns The number deleted.
   */
  deleteExpired(before: Date, limit: number): Promise<number>;
}

type Row = {
  top: bigint;
  anchor: string | null;
  jti: string | null;
  expires_at: Date;
  position: bigint;
};

/** Creates the store on a client of the auth schema. */
export function createTokenBlacklist(client: PrismaClient): TokenBlacklist {
  return {
    async has(...ids) {
      const where = { jti: { in: [...ids] } };
      return (await client.tokenBlacklist.findFirst({ where, select: { jti: true } })) !== null;
    },
    async after(position, { limit, now }) {
      const rows = await client.$queryRaw<Row[]>`
        SELECT newest.top, anchor.jti AS anchor, entry.jti, entry.expires_at, entry.position
        FROM (SELECT coalesce(max(position), 0) AS top FROM token_blacklist) AS newest
        LEFT JOIN token_blacklist AS anchor ON anchor.position = ${position}::bigint
        LEFT JOIN LATERAL (
          SELECT jti, expires_at, position FROM token_blacklist
          WHERE position > ${position}::bigint AND expires_at > ${now}::timestamptz
          ORDER BY position LIMIT ${limit}::int
        ) AS entry ON true
        ORDER BY entry.position`;
      return {
        // There is at least one row, which may hold no entry.
        entries: rows.flatMap(({ jti, expires_at: expiresAt, position: place }) =>
          jti === null ? [] : [{ id: jti, expiresAt, position: Number(place) }],
        ),
        top: Number(rows[0]?.top ?? 0),
        anchor: rows[0]?.anchor ?? undefined,
      };
    },
    deleteExpired: (before, limit) => client.$executeRaw`
      DELETE FROM token_blacklist WHERE jti IN (
        SELECT jti FROM token_blacklist
        WHERE expires_at < ${before}::timestamptz AND position < (SELECT max(position) FROM token_blacklist)
        ORDER BY expires_at LIMIT ${limit}::int
        FOR UPDATE SKIP LOCKED
      )`,
  };
}

/** The lock for adding to the list; the number is unique in the database. */
const positionLock = 7_261_349;

/**
 * Until this transaction ends, no other can add to the list. So entries become visible in the order of their
 * positions, and a reader at a position has missed none before it.
 */
export async function lockBlacklist(transaction: Transaction): Promise<void> {
  await transaction.$executeRaw`SELECT pg_advisory_xact_lock(${positionLock}::bigint)`;
}

/** Adds entries; existing ones are not changed. Must be the last step of its transaction. */
export async function addToBlacklist(
  transaction: Transaction,
  records: readonly RevocationRecord[],
  reason: RevocationReason,
): Promise<void> {
  await lockBlacklist(transaction);
  await transaction.tokenBlacklist.createMany({
    data: records.map(({ id, expiresAt }) => ({ jti: id, expiresAt, reason })),
    skipDuplicates: true,
  });
}
