import type { ServiceIdentity, UserIdentity } from '../contract/index.ts';
import { MeshError } from '../wire/index.ts';
import type { RevocationSet } from './revocation-set.ts';

/** What is asked of a set of revocations for each call. */
export type RevocationCheck = Pick<RevocationSet, 'has'>;

/** What a proof of identity stands and falls with: its token, and the session that this belongs to. */
export function revocableIds(identity: ServiceIdentity | UserIdentity): string[] {
  const { tokenId, sessionId }: { tokenId: string; sessionId?: string | undefined } = identity;
  return sessionId === undefined ? [tokenId] : [tokenId, sessionId];
}

/** Whether a token was revoked that was good otherwise. */
export function isRevoked(
  identity: ServiceIdentity | UserIdentity,
  revocations: RevocationCheck | undefined,
): boolean {
  if (!revocations) return false;
  if (revocations.has(identity.tokenId)) return true;
  return 'sessionId' in identity && identity.sessionId !== undefined && revocations.has(identity.sessionId);
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
