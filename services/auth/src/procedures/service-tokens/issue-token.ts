import { issueServiceToken, stampServiceToken } from '@arcadium/mesh/issuer';
import { MeshError } from '@arcadium/mesh/contract';
import { originOf } from '../../stores/audit-log.ts';
import { mustHaveRoom, withGoodKey } from './new-token.ts';
import { presentIssued } from '../../presenters/service-token.ts';
import type { AuthDeps, AuthHandler } from '../deps.ts';

type Issue = AuthHandler<'serviceTokens.issue'>;
type IssueCall = Parameters<Issue>[0];

/**
 * Issues a token for a service: administrators for any, a service for itself. It is recorded before it is
 * returned.
 *
 * @throws MeshError FORBIDDEN when a service asks for another's.
 */
export function issueToken(deps: AuthDeps): Issue {
  return async (call) => {
    const { input, caller, log } = call;
    if (caller.service && caller.service.name !== input.service) {
      throw new MeshError('FORBIDDEN', 'A service may issue tokens only for itself');
    }
    // The service id of a token from set-up is recorded in the background: wait, so that there is only one.
    if (caller.service) await deps.sightings.settled(caller.service.tokenId);
    const { row, key, stamp } = await withGoodKey(deps, () => add(call, deps));
    log.info({ token_id: row.jti, for: row.service.name, kid: key.kid }, 'a service token was issued');
    return presentIssued(await issueServiceToken(key, row.service, stamp), row);
  };
}

async function add(call: IssueCall, deps: AuthDeps) {
  const { service } = call.input;
  const key = deps.signer();
  const stamp = stampServiceToken(deps.now());
  const origin = originOf(call);
  const row = await deps.serviceTokens.change(service, origin, async (change) => {
    await mustHaveRoom(change, call, deps);
    const added = await change.add({ stamp, kid: key.kid, origin: 'issued' });
    const detail = { service, kid: key.kid };
    await change.audit({ ...origin, event: 'service-token.issued', subject: added.jti, detail });
    return added;
  });
  return { row, key, stamp };
}
