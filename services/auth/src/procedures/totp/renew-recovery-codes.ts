import { originOf } from '../../stores/audit-log.ts';
import { beginProof, confirmedAccount } from '../own-account.ts';
import type { AuthDeps, AuthHandler } from '../deps.ts';

export function renewRecoveryCodes(deps: AuthDeps): AuthHandler<'totp.renewRecoveryCodes'> {
  return async (call) => {
    const { input, errors } = call;
    const user = await confirmedAccount(deps, call, input.password);
    await using proof = await beginProof(deps, call, user);
    const change = { userId: user.id, at: deps.now(), origin: originOf(call) };
    const renewed = await deps.secondFactors.renewRecoveryCodes(input.code, change);
    if (renewed.outcome === 'done') return { recoveryCodes: renewed.recoveryCodes };
    if (renewed.outcome === 'not-on') throw errors.NOT_ON({});
    await proof.failed('wrong-code');
    throw errors.BAD_CODE({});
  };
}
