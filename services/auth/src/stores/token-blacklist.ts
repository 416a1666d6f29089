import type { PrismaClient } from '@arcadium/prisma/auth';

/** Tokens that were revoked before their time. */
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
