import type { authContract } from '@arcadium/contracts/auth';
import type { HandlerOf } from '@arcadium/mesh/server';
import type { PasswordHasher } from '../../domain/password.ts';
import { originOf } from '../../stores/audit-log.ts';
import type { SecondFactorStore } from '../../stores/second-factor-store.ts';
import type { UserStore } from '../../stores/user-store.ts';
import { confirmedAccount } from '../own-account.ts';

interface Deps {
  users: UserStore;
  secondFactors: SecondFactorStore;
  hasher: PasswordHasher;
  now: () => Date;
}

/** Makes new recovery codes; the old ones are void. */
export function renewRecoveryCodes(deps: Deps): HandlerOf<typeof authContract, 'totp.renewRecoveryCodes'> {
  return async (call) => {
    const { input, errors } = call;
    const { id: userId } = await confirmedAccount(deps, call, input.password);
    const change = { userId, at: deps.now(), origin: originOf(call) };
    const renewed = await deps.secondFactors.renewRecoveryCodes(input.code, change);
    if (renewed.outcome === 'done') return { recoveryCodes: renewed.recoveryCodes };
    throw renewed.outcome === 'not-on' ? errors.NOT_ON({}) : errors.BAD_CODE({});
  };
}
