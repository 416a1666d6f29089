import type { ServiceIdentity, UserIdentity } from '../../contract/index.ts';
import type { RevocationSet } from './set.ts';

/** The part of a {@link RevocationSet} that each call is checked against. */
export type RevocationCheck = Pick<RevocationSet, 'has'>;

type Revocable = { tokenId: string; sessionId?: string | undefined; keyId?: string | undefined };

/** Ids whose revocation ends an identity: its token's `jti`, its session's `sid`, its signing key's `kid`. */
export function revocableIds(identity: ServiceIdentity | UserIdentity): string[] {
  const { tokenId, sessionId, keyId }: Revocable = identity;
  return [tokenId, sessionId, keyId].filter((id) => id !== undefined);
}

/** Whether the token of an identity, its session or its key is revoked. */
export function isRevoked(
  identity: ServiceIdentity | UserIdentity,
  revocations: RevocationCheck | undefined,
): boolean {
  if (!revocations) return false;
  // Runs for each call: without an array.
  const { tokenId, sessionId, keyId }: Revocable = identity;
  if (revocations.has(tokenId) || (keyId !== undefined && revocations.has(keyId))) return true;
  return sessionId !== undefined && revocations.has(sessionId);
}
