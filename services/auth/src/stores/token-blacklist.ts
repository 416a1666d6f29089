import type { PrismaClient } from '@arcadium/prisma/auth';

/** A client's transaction. */
export type Transaction = Pick<PrismaClient, 'tokenBlacklist' | '$executeRaw'>;

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
  /** The `jti` of a token, or the `sid` of a session. */
  id: string;
  /** When the last token expires that this is about. */
  expiresAt: Date;
}

/** Tokens and sessions that were ended before their time. */
export interface TokenBlacklist {
  has(tokenId: string): Promise<boolean>;
}

/** Makes the store on a client of the auth schema. */
export function createTokenBlacklist(client: PrismaClient): TokenBlacklist {
  return {
    async has(tokenId) {
      return (
        (await client.tokenBlacklist.findUnique({ where: { jti: tokenId }, select: { jti: true } })) !== null
      );
    },
  };
}

/** Locks those out who add to the list meanwhile; the number is this list's alone within the schema of auth. */
const positionLock = 7_261_349;

/**
 * Adds to the list; what is on it stays as it is. To be the last thing that a
 * transaction does: from here to its end nobody else can add, so that positions
 * become visible in their order and whoever has read up to one has missed
 * nothing before it.
 */
export async function addToBlacklist(
  transaction: Transaction,
  records: readonly RevocationRecord[],
  reason: RevocationReason,
): Promise<void> {
  if (records.length === 0) return;
  await transaction.$executeRaw`SELECT pg_advisory_xact_lock(${positionLock}::bigint)`;
  await transaction.tokenBlacklist.createMany({
    data: records.map(({ id, expiresAt }) => ({ jti: id, expiresAt, reason })),
    skipDuplicates: true,
  });
}
