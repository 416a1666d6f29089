import { originOf } from '../../stores/audit-log.ts';
import { beginProof, confirmedAccount } from '../own-account.ts';
import type { AuthDeps, AuthHandler } from '../deps.ts';

export function disableTotp(deps: AuthDeps): AuthHandler<'totp.disable'> {
  return async (call) => {
    const { input, errors } = call;
    const user = await confirmedAccount(deps, call, input.password);
    await using proof = await beginProof(deps, call, user);
    const change = { userId: user.id, at: deps.now(), origin: originOf(call) };
    const outcome = await deps.secondFactors.disable(input.code, change);
    if (outcome === 'not-on') throw errors.NOT_ON({});
    if (outcome === 'bad-code') {
      await proof.failed('wrong-code');
      throw errors.BAD_CODE({});
    }
    return {};
  };
}
