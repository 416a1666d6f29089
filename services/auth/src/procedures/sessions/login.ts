import type { authContract } from '@arcadium/contracts/auth';
import { issueUserToken, type SigningKey } from '@arcadium/mesh/identity';
import type { HandlerOf } from '@arcadium/mesh/server';
import type { PasswordHasher } from '../../domain/password.ts';
import { presentAccount } from '../../present.ts';
import type { LoginThrottle } from '../../stores/login-throttle.ts';
import type { UserStore } from '../../stores/user-store.ts';

/** Exchanges an address and a password for an access token; a wrong password and an unknown address look the same. */
export function login({
  users,
  hasher,
  throttle,
  signingKey,
}: {
  users: UserStore;
  hasher: PasswordHasher;
  throttle: LoginThrottle;
  signingKey: SigningKey;
}): HandlerOf<typeof authContract, 'sessions.login'> {
  return async (call) => {
    const { input, errors, log, signal } = call;
    using place = hasher.keepPlace();
    await using attempt = await throttle.begin({ email: input.email, countsForAddress: true }, call);
    const user = await users.findByEmail(input.email);
    const matches = await place.matches(input.password, user?.passwordHash, signal);
    if (!user || !matches || user.disabledAt) {
      attempt.failed();
      throw errors.BAD_CREDENTIALS({});
    }
    await attempt.succeeded();
    const account = presentAccount(user);
    const { token, tokenId, expiresAt } = await issueUserToken(signingKey, account);
    log.info({ user_id: user.id, token_id: tokenId }, 'a user logged in');
    return { accessToken: token, expiresAt: expiresAt.toISOString(), user: account };
  };
}
