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

/** Turns the second factor off. */
export function disableTotp(deps: Deps): HandlerOf<typeof authContract, 'totp.disable'> {
  return async (call) => {
    const { input, errors } = call;
    const { id: userId } = await confirmedAccount(deps, call, input.password);
    const change = { userId, at: deps.now(), origin: originOf(call) };
    const outcome = await deps.secondFactors.disable(input.code, change);
    if (outcome === 'not-on') throw errors.NOT_ON({});
    if (outcome === 'bad-code') throw errors.BAD_CODE({});
    return {};
  };
}
