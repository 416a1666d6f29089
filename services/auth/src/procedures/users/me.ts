import type { authContract } from '@arcadium/contracts/auth';
import type { HandlerOf } from '@arcadium/mesh/server';
import { presentAccount } from '../../present.ts';
import { originOf } from '../../stores/audit-log.ts';
import type { UserStore } from '../../stores/user-store.ts';
import { existing } from '../own-account.ts';

export function getMe({ users }: { users: UserStore }): HandlerOf<typeof authContract, 'users.me'> {
  return async ({ caller }) => presentAccount(existing(await users.findById(caller.user.id)));
}

export function updateMe({ users }: { users: UserStore }): HandlerOf<typeof authContract, 'users.update'> {
  return async (call) => {
    const { input, caller } = call;
    return presentAccount(existing(await users.rename(caller.user.id, input.name, originOf(call))));
  };
}
