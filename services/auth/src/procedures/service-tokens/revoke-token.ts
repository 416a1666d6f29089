import { leewayMs } from '@arcadium/mesh/identity';
import { serviceTokenLifetime } from '@arcadium/mesh/issuer';
import { MeshError } from '@arcadium/mesh/contract';
import { z } from 'zod';
import { originOf } from '../../stores/audit-log.ts';
import { mostEndedAtOnce } from '../../stores/service-token-end.ts';
import type { AuthDeps, AuthHandler } from '../deps.ts';

type Revoke = AuthHandler<'serviceTokens.revoke'>;
type RevokeCall = Parameters<Revoke>[0];

const event = 'service-token.revoked';

/** Most ids in an answer, as in the contract. */
const mostNamed = 1000;

/** The `jti` of every token of this mesh is a UUID. */
const tokenIdForm = z.uuid();

/**
 * Revokes a token, or all known tokens of a service. Administrators may also name an unknown token, such as
 * one that set-up created and that was not used yet: it is revoked for the longest lifetime of a token.
 *
 * @throws MeshError FORBIDDEN when a service names another; TOKEN_NOT_FOUND for an invalid id.
 */
export function revokeToken(deps: AuthDeps): Revoke {
  return async (call) => {
    if ('service' in call.input) return revokeAll(call.input.service, call, deps);
    return revokeOne(call.input.tokenId, call, deps);
  };
}

async function revokeAll(service: string, call: RevokeCall, deps: AuthDeps) {
  const { service: own } = call.caller;
  if (own && own.name !== service) {
    throw new MeshError('FORBIDDEN', 'A service may revoke only its own tokens');
  }
  if (own) await deps.sightings.settled(own.tokenId);
  if (!(await deps.serviceTokens.knows(service))) return { tokenIds: [] };
  const latest: string[] = [];
  let count = 0;
  // One iteration; more only in a database from before the limit on live tokens, each committed separately.
  for (let ended = mostEndedAtOnce; ended === mostEndedAtOnce; count += ended) {
    const revoked = await end(service, 'all', call, deps);
    ended = revoked.length;
    latest.push(...revoked.slice(0, mostNamed - latest.length));
  }
  return { tokenIds: latest, ...(count > latest.length && { count }) };
}

async function revokeOne(tokenId: string, call: RevokeCall, deps: AuthDeps) {
  const { caller, errors } = call;
  await deps.sightings.settled(tokenId);
  const known = await deps.serviceTokens.find(tokenId);
  if (known && (!caller.service || caller.service.name === known.service.name)) {
    await end(known.service.name, { tokenId }, call, deps);
  } else if (caller.service || !tokenIdForm.safeParse(tokenId).success) {
    throw errors.TOKEN_NOT_FOUND({ tokenId });
  } else {
    const expiresAt = new Date(deps.now().getTime() + serviceTokenLifetime * 1000 + 2 * leewayMs);
    const detail = { service: null };
    await deps.serviceTokens.revokeUnknown(tokenId, expiresAt, {
      ...originOf(call),
      event,
      subject: tokenId,
      detail,
    });
  }
  return { tokenIds: [tokenId] };
}

async function end(
  service: string,
  which: { tokenId: string } | 'all',
  call: RevokeCall,
  { serviceTokens, now }: AuthDeps,
): Promise<string[]> {
  const origin = originOf(call);
  const revoked = await serviceTokens.change(service, origin, (change) =>
    change.revoke(which, now(), (tokens) =>
      which === 'all'
        ? { ...origin, event, subject: service, detail: { service, tokens } }
        : { ...origin, event, subject: which.tokenId, detail: { service } },
    ),
  );
  call.log.info({ of: service, tokens: revoked.length }, 'service tokens were revoked');
  return revoked;
}
