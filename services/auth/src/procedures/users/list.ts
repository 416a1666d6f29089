import type { authContract } from '@arcadium/contracts/auth';
import { pageOf, timeCursor, type HandlerOf } from '@arcadium/mesh/server';
import { presentAccount } from '../../present.ts';
import type { UserStore } from '../../stores/user-store.ts';

/** Answers with all accounts, newest first. */
export function listUsers({ users }: { users: UserStore }): HandlerOf<typeof authContract, 'users.list'> {
  return async ({ input: { limit, cursor } }) => {
    // One more than asked for tells whether there is a next answer.
    const rows = await users.list(limit + 1, timeCursor.decode(cursor));
    return pageOf(rows, limit, {
      item: presentAccount,
      cursor: ({ createdAt: at, id }) => timeCursor.encode({ at, id }),
    });
  };
}
