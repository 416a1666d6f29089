import { presentProfile } from '../../presenters/account.ts';
import type { AuthDeps, AuthHandler } from '../deps.ts';

export function getUser({ users }: AuthDeps): AuthHandler<'users.get'> {
  return async ({ input, errors }) => {
    const [user] = await users.findMany([input.id]);
    if (!user) throw errors.USER_NOT_FOUND({ id: input.id });
    return presentProfile(user);
  };
}

/** The public part of several users; unknown ids are left out. */
export function getUsers({ users }: AuthDeps): AuthHandler<'users.getMany'> {
  return async ({ input }) => ({ items: (await users.findMany(input.ids)).map(presentProfile) });
}
