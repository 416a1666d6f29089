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

/** Turns the second factor off. */
export function disableTotp(deps: Deps): HandlerOf<typeof authContract, 'totp.disable'> {
  return async (call) => {
    const { input, errors } = call;
    const { id: userId, email } = await confirmedAccount(deps, call, input.password);
    await using attempt = await deps.throttle.begin({ email, countsForAddress: false }, call);
    const change = { userId, at: deps.now(), origin: originOf(call) };
    const outcome = await deps.secondFactors.disable(input.code, change);
    if (outcome === 'not-on') throw errors.NOT_ON({});
    if (outcome === 'bad-code') {
      attempt.failed();
      throw errors.BAD_CODE({});
    }
    return {};
  };
}
