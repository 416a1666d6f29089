import type { authContract } from '@arcadium/contracts/auth';
import type { HandlerOf } from '@arcadium/mesh/server';
import { originOf } from '../../stores/audit-log.ts';
import type { SecondFactorStore } from '../../stores/second-factor-store.ts';
import { beginProof, confirmedAccount, type ProofDeps } from '../own-account.ts';

interface Deps extends ProofDeps {
  secondFactors: SecondFactorStore;
  now: () => Date;
}

export function renewRecoveryCodes(deps: Deps): HandlerOf<typeof authContract, 'totp.renewRecoveryCodes'> {
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
