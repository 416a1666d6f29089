import type { authContract } from '@arcadium/contracts/auth';
import type { HandlerOf } from '@arcadium/mesh/server';
import type { KeyRing } from '../../jobs/key-ring.ts';
import { originOf } from '../../stores/audit-log.ts';
import { presentKey } from './present.ts';

export interface KeyDeps {
  keyRing: KeyRing;
  now: () => Date;
}

/** Creates the next signing key, unless one is already waiting. */
export function rotateKey({ keyRing, now }: KeyDeps): HandlerOf<typeof authContract, 'keys.rotate'> {
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
