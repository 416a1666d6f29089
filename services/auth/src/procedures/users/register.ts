import type { authContract } from '@arcadium/contracts/auth';
import type { HandlerOf } from '@arcadium/mesh/server';
import type { PasswordHasher } from '../../domain/password.ts';
import { presentAccount } from '../../present.ts';
import type { UserStore } from '../../stores/user-store.ts';

/** Opens an account. */
export function register({
  users,
  hasher,
}: {
  users: UserStore;
  hasher: PasswordHasher;
}): HandlerOf<typeof authContract, 'users.register'> {
  return async ({ input, errors, log, signal }) => {
    const { email, name, password } = input;
    const user = await users.create({
      email,
      name,
      role: 'user',
      passwordHash: await hasher.hash(password, signal),
    });
    if (!user) throw errors.EMAIL_TAKEN({ email });
    log.info({ user_id: user.id }, 'an account was opened');
    return presentAccount(user);
  };
}
