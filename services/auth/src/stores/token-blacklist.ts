import type { PrismaClient } from '@arcadium/prisma/auth';
import type { Transaction } from './transaction.ts';

/** Why a token or a session is void. */
export type RevocationReason =
  | 'account-disabled'
  | 'logged-out'
  | 'password-changed'
  | 'refresh-token-reused'
  | 'revoked'
  | 'role-changed'
  | 'too-many-sessions';

/** What is to be void from now on. */
export interface RevocationRecord {
  /** The `jti` of a token, the `sid` of a session, or the `kid` of a key. */
  id: string;
  /** When the last token expires that this is about. */
  expiresAt: Date;
}

/** An entry, and its place in the order of them all. */
export interface Revocation extends RevocationRecord {
  position: number;
}

/** A part of the list. */
export interface RevocationPage {
  /** In the order of their positions. */
  entries: readonly Revocation[];
  /** The place of the newest entry, expired ones included; 0 where there never was one. */
  top: number;
  /** The id of the entry at the place that was asked from, if it is still there. */
  anchor: string | undefined;
}

/** Tokens and sessions that were ended before their time. */
export interface TokenBlacklist {
  /** Whether any of these is on the list. */
  has(...ids: readonly string[]): Promise<boolean>;
  /** What came after a place and has not expired, up to `limit` of it, as it is at one moment. */
  after(position: number, options: { limit: number; now: Date }): Promise<RevocationPage>;
  /**
   * Deletes up to `limit` entries that had expired by then. The newest one stays, so that the highest position never
   * falls.
   *
   * @returns how many.
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

/** Makes the store on a client of the auth schema. */
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
        // There is one row at least, which may hold no entry.
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

/** Locks those out who add to the list meanwhile; the number is this list's alone in the database. */
const positionLock = 7_261_349;

/**
 * Lets this transaction alone add to the list, from here to its end: so positions become visible in their order, and
 * whoever has read up to one has missed nothing before it.
 */
export async function lockBlacklist(transaction: Transaction): Promise<void> {
  await transaction.$executeRaw`SELECT pg_advisory_xact_lock(${positionLock}::bigint)`;
}

/** Adds to the list; what is on it stays as it is. To be the last thing that a transaction does. */
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
