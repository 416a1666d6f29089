import { presentAccount } from '../../presenters/account.ts';
import { originOf } from '../../stores/audit-log.ts';
import { existing } from '../own-account.ts';
import type { AuthDeps, AuthHandler } from '../deps.ts';

export function updateMe({ users }: AuthDeps): AuthHandler<'users.update'> {
  return async (call) => {
    const { input, caller } = call;
    return presentAccount(existing(await users.rename(caller.user.id, input.name, originOf(call))));
  };
}
