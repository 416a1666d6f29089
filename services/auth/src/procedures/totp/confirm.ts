import type { authContract } from '@arcadium/contracts/auth';
import type { HandlerOf } from '@arcadium/mesh/server';
import { originOf } from '../../stores/audit-log.ts';
import type { SecondFactorStore } from '../../stores/second-factor-store.ts';

/** Turns the second factor on, with a first code of the app. */
export function confirm({
  secondFactors,
  now,
}: {
  secondFactors: SecondFactorStore;
  now: () => Date;
}): HandlerOf<typeof authContract, 'totp.confirm'> {
  return async (call) => {
    const { input, errors, caller } = call;
    const change = { userId: caller.user.id, at: now(), origin: originOf(call) };
    const confirmed = await secondFactors.confirm(input.code, change);
    if (confirmed.outcome === 'done') return { recoveryCodes: confirmed.recoveryCodes };
    throw {
      'already-on': errors.ALREADY_ON,
      'not-enrolled': errors.NOT_ENROLLED,
      'bad-code': errors.BAD_CODE,
    }[confirmed.outcome]({});
  };
}
