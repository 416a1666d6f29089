import { issueServiceToken, stampServiceToken, type SigningKey } from '@arcadium/mesh/issuer';
import { MeshError } from '@arcadium/mesh/contract';
import { originOf } from '../../stores/audit-log.ts';
import type { ServiceTokenChange, StoredServiceToken } from '../../stores/service-token-store.ts';
import { mustHaveRoom, withGoodKey } from './new-token.ts';
import { presentIssued } from '../../presenters/service-token.ts';
import type { AuthDeps, AuthHandler } from '../deps.ts';

type Rotate = AuthHandler<'serviceTokens.rotate'>;
type RotateCall = Parameters<Rotate>[0];

/**
 * Exchanges a token for its successor. Each token has one recorded successor. For a repeated request it is
 * signed again, which gives exactly the same token. So a lost answer, a crash or a second replica creates no
 * further token.
 *
 * If the successor cannot be issued again, because it has expired or its key is not available, the answer is
 * its own successor, which then succeeds both. A revoked successor ends the line: that was intended, and a
 * new token has to be issued.
 */
export function rotateToken(deps: AuthDeps): Rotate {
  const { serviceTokens, sightings } = deps;
  return async (call) => {
    const { input, caller, errors } = call;
    const tokenId = input.tokenId ?? caller.service?.tokenId;
    if (tokenId === undefined) {
      throw new MeshError('BAD_REQUEST', 'tokenId is required: this caller has no service token of its own');
    }
    // A token from set-up is recorded in the background of its first call, which may be this one.
    await sightings.settled(tokenId);
    const old = await serviceTokens.find(tokenId);
    if (!old || (caller.service && caller.service.name !== old.service.name)) {
      throw errors.TOKEN_NOT_FOUND({ tokenId });
    }
    const { row, key } = await withGoodKey(deps, () =>
      serviceTokens.change(old.service.name, originOf(call), (change) =>
        successorOf(tokenId, change, { call, deps }),
      ),
    );
    const stamp = { tokenId: row.jti, issuedAt: row.issuedAt, expiresAt: row.expiresAt };
    return presentIssued(await issueServiceToken(key, row.service, stamp), row);
  };
}

/** The last token of a line that can be issued, created if missing, and the key that signs it. */
async function successorOf(
  tokenId: string,
  change: ServiceTokenChange,
  { call, deps }: { call: RotateCall; deps: AuthDeps },
): Promise<{ row: StoredServiceToken; key: SigningKey }> {
  let old = await change.find(tokenId);
  if (!old) throw call.errors.TOKEN_NOT_FOUND({ tokenId });
  for (;;) {
    if (old.revokedAt) throw call.errors.TOKEN_REVOKED({ tokenId: old.jti });
    const next = await change.successorOf(old.jti);
    if (!next) return addSuccessor(old, change, { call, deps });
    const key = next.expiresAt > deps.now() ? await deps.signerOf(next.kid) : undefined;
    if (key && !next.revokedAt) return { row: next, key };
    old = next;
  }
}

async function addSuccessor(
  { jti: replaces, service }: StoredServiceToken,
  change: ServiceTokenChange,
  { call, deps }: { call: RotateCall; deps: AuthDeps },
): Promise<{ row: StoredServiceToken; key: SigningKey }> {
  await mustHaveRoom(change, call, deps);
  const key = deps.signer();
  const { kid } = key;
  const stamp = stampServiceToken(deps.now());
  const row = await change.add({ stamp, kid, origin: 'rotated', replaces });
  await change.audit({
    ...originOf(call),
    event: 'service-token.rotated',
    subject: row.jti,
    detail: { service: service.name, replaces, kid },
  });
  call.log.info({ token_id: row.jti, replaces, for: service.name, kid }, 'a service token was rotated');
  return { row, key };
}
