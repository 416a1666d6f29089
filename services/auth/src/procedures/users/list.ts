import type { authContract } from '@arcadium/contracts/auth';
import type { HandlerOf } from '@arcadium/mesh/server';
import { decodeCursor, encodeCursor } from '../../domain/cursor.ts';
import { presentAccount } from '../../present.ts';
import type { UserStore } from '../../stores/user-store.ts';

/** Answers with all accounts, newest first. */
export function listUsers({ users }: { users: UserStore }): HandlerOf<typeof authContract, 'users.list'> {
  return async ({ input: { limit, cursor } }) => {
    // One more than asked for tells whether there is a next answer.
    const found = await users.list(limit + 1, cursor === undefined ? undefined : decodeCursor(cursor));
    const items = found.slice(0, limit);
    const last = found.length > limit ? items.at(-1) : undefined;
    return { items: items.map(presentAccount), nextCursor: last ? encodeCursor(last) : null };
  };
}
