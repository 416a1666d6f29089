import type { authContract } from '@arcadium/contracts/auth';
import type { HandlerOf } from '@arcadium/mesh/server';
import { originOf } from '../../stores/audit-log.ts';
import { presentKey } from './present.ts';
import type { KeyDeps } from './rotate.ts';

export function withdrawKey({ keyRing, now }: KeyDeps): HandlerOf<typeof authContract, 'keys.withdraw'> {
  return async (call) => {
    const { kid } = call.input;
    const known = await keyRing.withdraw(kid, originOf(call));
    if (!known) throw call.errors.KEY_NOT_FOUND({ kid });
    return presentKey(keyRing.find(kid), keyRing.keys, now());
  };
}
