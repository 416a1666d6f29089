import type { authContract } from '@arcadium/contracts/auth';
import { issueServiceToken, stampServiceToken } from '@arcadium/mesh/identity';
import type { HandlerOf } from '@arcadium/mesh/server';
import { MeshError } from '@arcadium/mesh/wire';
import { actorOf } from '../../stores/audit-log.ts';
import { withGoodKey, type ServiceTokenDeps } from './deps.ts';
import { presentIssued } from './present.ts';

/**
 * Makes a token for a service: an administrator for any, a service for itself.
 * It is recorded before anybody has it.
 *
 * @throws MeshError FORBIDDEN when a service asks for another’s.
 */
export function issue(deps: ServiceTokenDeps): HandlerOf<typeof authContract, 'serviceTokens.issue'> {
  return async (call) => {
    const { input, caller, log } = call;
    if (caller.service && caller.service.name !== input.service) {
      throw new MeshError('FORBIDDEN', 'A service makes tokens for itself alone');
    }
    // Of a token from set-up the service's id is recorded beside the call: there must not be two of them.
    if (caller.service) await deps.sightings.settled(caller.service.tokenId);
    const { row, key, stamp } = await withGoodKey(deps, () => add(call, deps));
    log.info({ token_id: row.jti, for: row.service.name, kid: key.kid }, 'a service token was issued');
    return presentIssued(await issueServiceToken(key, row.service, stamp), row);
  };
}

async function add(
  { input, caller, peer, requestId }: Parameters<HandlerOf<typeof authContract, 'serviceTokens.issue'>>[0],
  { serviceTokens, signer, now }: ServiceTokenDeps,
) {
  const key = signer();
  const stamp = stampServiceToken(now());
  const row = await serviceTokens.change(input.service, async (change) => {
    const added = await change.add({ stamp, kid: key.kid, origin: 'issued' });
    await change.audit({
      event: 'service-token.issued',
      actor: actorOf(caller),
      subject: added.jti,
      request: { peer, requestId },
      detail: { service: input.service, kid: key.kid },
    });
    return added;
  });
  return { row, key, stamp };
}
