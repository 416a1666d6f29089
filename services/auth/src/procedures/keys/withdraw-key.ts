import { originOf } from '../../stores/audit-log.ts';
import { presentKey } from '../../presenters/signing-key.ts';
import type { AuthDeps, AuthHandler } from '../deps.ts';

export function withdrawKey({ keyRing, now }: AuthDeps): AuthHandler<'keys.withdraw'> {
  return async (call) => {
    const { kid } = call.input;
    const known = await keyRing.withdraw(kid, originOf(call));
    if (!known) throw call.errors.KEY_NOT_FOUND({ kid });
    return presentKey(keyRing.find(kid), keyRing.keys, now());
  };
}
