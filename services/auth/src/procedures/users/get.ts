import type { authContract } from '@arcadium/contracts/auth';
import type { HandlerOf } from '@arcadium/mesh/server';
import { presentProfile } from '../../present.ts';
import type { UserStore } from '../../stores/user-store.ts';

/** Answers with the public part of one user. */
export function getUser({ users }: { users: UserStore }): HandlerOf<typeof authContract, 'users.get'> {
  return async ({ input, errors }) => {
    const [user] = await users.findMany([input.id]);
    if (!user) throw errors.USER_NOT_FOUND({ id: input.id });
    return presentProfile(user);
  };
}

/** Answers with the public part of several users; ids that nobody has are left out. */
export function getUsers({ users }: { users: UserStore }): HandlerOf<typeof authContract, 'users.getMany'> {
  return async ({ input }) => ({ items: (await users.findMany(input.ids)).map(presentProfile) });
}
