import { presentAccount } from '../../presenters/account.ts';
import { originOf } from '../../stores/audit-log.ts';
import type { AuthDeps, AuthHandler } from '../deps.ts';

export function registerUser(deps: AuthDeps): AuthHandler<'users.register'> {
  return (call) => open(deps, call, 'user');
}

/** By an administrator, with a role. */
export function createUser(deps: AuthDeps): AuthHandler<'users.create'> {
  return (call) => open(deps, call, call.input.role);
}

async function open(
  { users, policy, hasher, now }: AuthDeps,
  call: CallOf<'users.register'> | CallOf<'users.create'>,
  role: 'user' | 'admin',
) {
  const { input, errors, log, signal } = call;
  const { email, name, password } = input;
  const refusal = await policy.refusalOf(password, { email, name });
  if (refusal) throw errors.PASSWORD_REFUSED(refusal);
  const passwordHash = await hasher.hash(password, signal);
  const user = await users.create({ email, name, role, passwordHash, createdAt: now() }, originOf(call));
  if (!user) throw errors.EMAIL_TAKEN({ email });
  log.info({ user_id: user.id }, 'an account was created');
  return presentAccount(user);
}

type CallOf<Path extends 'users.register' | 'users.create'> = Parameters<AuthHandler<Path>>[0];
