import { pageOf, timeCursor } from '@arcadium/mesh/server';
import { presentAccount } from '../../presenters/account.ts';
import type { AuthDeps, AuthHandler } from '../deps.ts';

export function listUsers({ users }: AuthDeps): AuthHandler<'users.list'> {
  return async ({ input: { limit, cursor, ...filter } }) => {
    // One more than requested shows whether there is a next page.
    const rows = await users.list(filter, limit + 1, timeCursor.decode(cursor));
    return pageOf(rows, limit, {
      item: presentAccount,
      cursor: ({ createdAt: at, id }) => timeCursor.encode({ at, id }),
    });
  };
}
