import type { authContract } from '@arcadium/contracts/auth';
import type { HandlerOf } from '@arcadium/mesh/server';
import { actorOf } from '../../stores/audit-log.ts';
import { presentKey } from './present.ts';
import type { KeyDeps } from './rotate.ts';

/** Takes a stolen key out at once. */
export function withdrawKey({ keyRing, now }: KeyDeps): HandlerOf<typeof authContract, 'keys.withdraw'> {
  return async ({ input: { kid }, caller, errors, peer, requestId }) => {
    const known = await keyRing.withdraw(kid, { actor: actorOf(caller), request: { peer, requestId } });
    if (!known) throw errors.KEY_NOT_FOUND({ kid });
    return presentKey(keyRing.find(kid), keyRing.keys, now());
  };
}
