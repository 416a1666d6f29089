import { presentAccount } from '../../presenters/account.ts';
import type { AuthDeps, AuthHandler } from '../deps.ts';

export function findUser({ users, sessions, now }: AuthDeps): AuthHandler<'users.find'> {
  return async ({ input, errors }) => {
    const user = await ('id' in input ? users.findById(input.id) : users.findByEmail(input.email));
    if (!user) throw errors.USER_NOT_FOUND(input);
    const { active, lastUsedAt } = await sessions.summary(user.id, now());
    return {
      ...presentAccount(user),
      sessions: { active, lastUsedAt: lastUsedAt?.toISOString() ?? null },
    };
  };
}
