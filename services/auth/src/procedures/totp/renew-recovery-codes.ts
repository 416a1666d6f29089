import type { authContract } from '@arcadium/contracts/auth';
import type { HandlerOf } from '@arcadium/mesh/server';
import type { PasswordHasher } from '../../domain/password.ts';
import { originOf } from '../../stores/audit-log.ts';
import type { SecondFactorStore } from '../../stores/second-factor-store.ts';
import type { LoginThrottle } from '../../stores/login-throttle.ts';
import type { UserStore } from '../../stores/user-store.ts';
import { confirmedAccount } from '../own-account.ts';

interface Deps {
  users: UserStore;
  secondFactors: SecondFactorStore;
  hasher: PasswordHasher;
  throttle: LoginThrottle;
  now: () => Date;
}

/** Makes new recovery codes; the old ones are void. */
export function renewRecoveryCodes(deps: Deps): HandlerOf<typeof authContract, 'totp.renewRecoveryCodes'> {
  return async (call) => {
    const { input, errors } = call;
    const { id: userId, email } = await confirmedAccount(deps, call, input.password);
    await using attempt = await deps.throttle.begin({ email, countsForAddress: false }, call);
    const change = { userId, at: deps.now(), origin: originOf(call) };
    const renewed = await deps.secondFactors.renewRecoveryCodes(input.code, change);
    if (renewed.outcome === 'done') return { recoveryCodes: renewed.recoveryCodes };
    if (renewed.outcome === 'not-on') throw errors.NOT_ON({});
    attempt.failed();
    throw errors.BAD_CODE({});
  };
}
