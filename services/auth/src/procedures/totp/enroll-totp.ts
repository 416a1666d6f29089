import { totpUri } from '../../domain/totp.ts';
import { originOf } from '../../stores/audit-log.ts';
import { confirmedAccount } from '../own-account.ts';
import type { AuthDeps, AuthHandler } from '../deps.ts';

/** Creates a secret for an authenticator app, which replaces one that was not confirmed. */
export function enrollTotp(deps: AuthDeps): AuthHandler<'totp.enroll'> {
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
