import type { authContract } from '@arcadium/contracts/auth';
import type { HandlerOf } from '@arcadium/mesh/server';
import { totpUri } from '../../domain/totp.ts';
import { originOf } from '../../stores/audit-log.ts';
import type { SecondFactorStore } from '../../stores/second-factor-store.ts';
import { confirmedAccount, type ProofDeps } from '../own-account.ts';

interface Deps extends ProofDeps {
  secondFactors: SecondFactorStore;
  now: () => Date;
}

/** Creates a secret for an authenticator app, which replaces one that was not confirmed. */
export function enroll(deps: Deps): HandlerOf<typeof authContract, 'totp.enroll'> {
  return async (call) => {
    const user = await confirmedAccount(deps, call, call.input.password);
    const secret = await deps.secondFactors.enroll({
      userId: user.id,
      at: deps.now(),
      origin: originOf(call),
    });
    if (secret === undefined) throw call.errors.ALREADY_ON({});
    return { secret, uri: totpUri(secret, user.email) };
  };
}
