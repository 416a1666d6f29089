import { originOf } from '../../stores/audit-log.ts';
import { beginProof, existing } from '../own-account.ts';
import type { AuthDeps, AuthHandler } from '../deps.ts';

/**
 * Turns the second factor on with a first code of the app. A wrong code counts as a failure, so that a stolen
 * token does not allow guessing.
 */
export function confirmTotp(deps: AuthDeps): AuthHandler<'totp.confirm'> {
  return async (call) => {
    const { input, errors, caller } = call;
    const user = existing(await deps.users.findById(caller.user.id));
    await using proof = await beginProof(deps, call, user);
    const change = { userId: user.id, at: deps.now(), origin: originOf(call) };
    const confirmed = await deps.secondFactors.confirm(input.code, change);
    if (confirmed.outcome === 'bad-code') await proof.failed('wrong-code');
    if (confirmed.outcome === 'done') return { recoveryCodes: confirmed.recoveryCodes };
    throw {
      'already-on': errors.ALREADY_ON,
      'not-enrolled': errors.NOT_ENROLLED,
      'bad-code': errors.BAD_CODE,
    }[confirmed.outcome]({});
  };
}
