import { presentAccount } from '../../presenters/account.ts';
import { originOf } from '../../stores/audit-log.ts';
import type { AuthDeps, AuthHandler } from '../deps.ts';

export function registerUser({ users, policy, hasher, now }: AuthDeps): AuthHandler<'users.register'> {
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
