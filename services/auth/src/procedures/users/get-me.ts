import { presentAccount } from '../../presenters/account.ts';
import { existing } from '../own-account.ts';
import type { AuthDeps, AuthHandler } from '../deps.ts';

export function getMe({ users }: AuthDeps): AuthHandler<'users.me'> {
  return async ({ caller }) => presentAccount(existing(await users.findById(caller.user.id)));
}
