import type { ServiceIdentity, UserIdentity } from '../contract/index.ts';
import { MeshError } from '../wire/index.ts';
import type { RevocationSet } from './revocation-set.ts';

/** What is asked of a set of revocations for each call. */
export type RevocationCheck = Pick<RevocationSet, 'has'>;

/** What a proof of identity stands and falls with: its token, the session that this belongs to, and the key that signed it. */
export function revocableIds(identity: ServiceIdentity | UserIdentity): string[] {
  const { tokenId, sessionId, keyId }: Revocable = identity;
  return [tokenId, sessionId, keyId].filter((id) => id !== undefined);
}

type Revocable = { tokenId: string; sessionId?: string | undefined; keyId?: string | undefined };

/** Whether a token was revoked that was good otherwise. */
export function isRevoked(
  identity: ServiceIdentity | UserIdentity,
  revocations: RevocationCheck | undefined,
): boolean {
  if (!revocations) return false;
  const { tokenId, sessionId, keyId }: Revocable = identity;
  if (revocations.has(tokenId) || (keyId !== undefined && revocations.has(keyId))) return true;
  return sessionId !== undefined && revocations.has(sessionId);
}

/** @throws MeshError UNAUTHORIZED where a token was revoked that was good otherwise. */
export function mustStand(
  identity: ServiceIdentity | UserIdentity,
  revocations: RevocationCheck | undefined,
): void {
  if (!isRevoked(identity, revocations)) return;
  const kind = 'role' in identity ? 'user' : 'service';
  throw new MeshError('UNAUTHORIZED', `The ${kind} token is refused: it was revoked`);
}
