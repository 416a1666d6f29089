import type { authContract } from '@arcadium/contracts/auth';
import type { HandlerOf } from '@arcadium/mesh/server';
import type { PasswordPolicy } from '../../domain/password-policy.ts';
import type { PasswordHasher } from '../../domain/password.ts';
import { presentAccount } from '../../present.ts';
import { originOf } from '../../stores/audit-log.ts';
import type { UserStore } from '../../stores/user-store.ts';

export function register({
  users,
  policy,
  hasher,
  now,
}: {
  users: UserStore;
  policy: PasswordPolicy;
  hasher: PasswordHasher;
  now: () => Date;
}): HandlerOf<typeof authContract, 'users.register'> {
  return async (call) => {
    const { input, errors, log, signal } = call;
    const { email, name, password } = input;
    const refusal = await policy.refusalOf(password, { email, name });
    if (refusal) throw errors.PASSWORD_REFUSED(refusal);
    const passwordHash = await hasher.hash(password, signal);
    const user = await users.create(
      { email, name, role: 'user', passwordHash, createdAt: now() },
      originOf(call),
    );
    if (!user) throw errors.EMAIL_TAKEN({ email });
    log.info({ user_id: user.id }, 'an account was created');
    return presentAccount(user);
  };
}
