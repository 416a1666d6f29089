import type { SessionTokens } from '@arcadium/contracts/auth';
import { issueUserToken, type SigningKey } from '@arcadium/mesh/issuer';
import { presentAccount } from '../../presenters/account.ts';
import type { ActiveSession } from '../../stores/session-store.ts';

/**
 * Issues an access token of a session with the user's current name and role, and returns it with the refresh
 * token. It expires with the session at the latest.
 */
export async function sessionTokens(
  { session, user }: ActiveSession,
  refreshToken: string,
  { signer, at }: { signer: SigningKey; at: Date },
): Promise<SessionTokens> {
  const account = presentAccount(user);
  const { token, expiresAt } = await issueUserToken(
    signer,
    {
      ...account,
      roleSince: user.roleSince ?? user.createdAt,
      sessionId: session.id,
      notAfter: session.expiresAt,
    },
    at,
  );
  return {
    accessToken: token,
    expiresAt: expiresAt.toISOString(),
    refreshToken,
    sessionExpiresAt: session.expiresAt.toISOString(),
    user: account,
  };
}
