import type { authContract } from '@arcadium/contracts/auth';
import type { HandlerOf } from '@arcadium/mesh/server';
import { presentProfile } from '../../present.ts';
import type { UserStore } from '../../stores/user-store.ts';

export function getUser({ users }: { users: UserStore }): HandlerOf<typeof authContract, 'users.get'> {
  return async ({ input, errors }) => {
    const [user] = await users.findMany([input.id]);
    if (!user) throw errors.USER_NOT_FOUND({ id: input.id });
    return presentProfile(user);
  };
}

/** The public part of several users; unknown ids are left out. */
export function getUsers({ users }: { users: UserStore }): HandlerOf<typeof authContract, 'users.getMany'> {
  return async ({ input }) => ({ items: (await users.findMany(input.ids)).map(presentProfile) });
}
