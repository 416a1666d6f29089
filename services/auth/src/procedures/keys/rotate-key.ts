import { originOf } from '../../stores/audit-log.ts';
import { presentKey } from '../../presenters/signing-key.ts';
import type { AuthDeps, AuthHandler } from '../deps.ts';

/** Creates the next signing key, unless one is already waiting. */
export function rotateKey({ keyRing, now }: AuthDeps): AuthHandler<'keys.rotate'> {
  return async (call) => {
    const { errors } = call;
    const rotation = await keyRing.rotate(originOf(call));
    if (rotation.kind === 'waits') {
      throw errors.NEXT_KEY_WAITS({ kid: rotation.kid, activeFrom: rotation.activeFrom.toISOString() });
    }
    if (rotation.kind === 'full') throw errors.TOO_MANY_KEYS({ published: rotation.published });
    return presentKey(keyRing.find(rotation.kid), keyRing.keys, now());
  };
}
