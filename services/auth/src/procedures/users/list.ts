import type { authContract } from '@arcadium/contracts/auth';
import { pageOf, timeCursor, type HandlerOf } from '@arcadium/mesh/server';
import { presentAccount } from '../../present.ts';
import type { UserStore } from '../../stores/user-store.ts';

export function listUsers({ users }: { users: UserStore }): HandlerOf<typeof authContract, 'users.list'> {
  return async ({ input: { limit, cursor } }) => {
    // One more than requested shows whether there is a next page.
    const rows = await users.list(limit + 1, timeCursor.decode(cursor));
    return pageOf(rows, limit, {
      item: presentAccount,
      cursor: ({ createdAt: at, id }) => timeCursor.encode({ at, id }),
    });
  };
}
