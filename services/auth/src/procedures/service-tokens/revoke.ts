import type { authContract } from '@arcadium/contracts/auth';
import { leewayMs, serviceTokenLifetime } from '@arcadium/mesh/identity';
import type { HandlerOf } from '@arcadium/mesh/server';
import { MeshError } from '@arcadium/mesh/wire';
import { z } from 'zod';
import { originOf } from '../../stores/audit-log.ts';
import { mostEndedAtOnce } from '../../stores/service-token-end.ts';
import type { ServiceTokenDeps } from './deps.ts';

type Revoke = HandlerOf<typeof authContract, 'serviceTokens.revoke'>;
type RevokeCall = Parameters<Revoke>[0];

const event = 'service-token.revoked';

/** The most that the contract lets an answer name. */
const mostNamed = 1000;

/** Every token of this mesh has a UUID as its `jti`. */
const tokenIdForm = z.uuid();

/**
 * Makes a token void, or all of a service that are known at this moment. An
 * administrator may also name one that is not known, as those made by set-up
 * are until they are first used here: it is void for as long as any token lives.
 *
 * @throws MeshError FORBIDDEN when a service names another; TOKEN_NOT_FOUND for what cannot be the id of a token.
 */
export function revoke(deps: ServiceTokenDeps): Revoke {
  return async (call) => {
    if ('service' in call.input) return revokeAll(call.input.service, call, deps);
    return revokeOne(call.input.tokenId, call, deps);
  };
}

async function revokeAll(service: string, call: RevokeCall, deps: ServiceTokenDeps) {
  const { service: own } = call.caller;
  if (own && own.name !== service) {
    throw new MeshError('FORBIDDEN', 'A service may revoke only its own tokens');
  }
  if (own) await deps.sightings.settled(own.tokenId);
  if (!(await deps.serviceTokens.knows(service))) return { tokenIds: [] };
  const latest: string[] = [];
  let count = 0;
  // One turn; more only in a database from before the bound on live tokens, where each turn is kept by itself.
  for (let ended = mostEndedAtOnce; ended === mostEndedAtOnce; count += ended) {
    const revoked = await end(service, 'all', call, deps);
    ended = revoked.length;
    latest.push(...revoked.slice(0, mostNamed - latest.length));
  }
  return { tokenIds: latest, ...(count > latest.length && { count }) };
}

async function revokeOne(tokenId: string, call: RevokeCall, deps: ServiceTokenDeps) {
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
  { serviceTokens, now }: ServiceTokenDeps,
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
