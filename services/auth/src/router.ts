import type { authContract } from '@arcadium/contracts/auth';
import type { KeySet, SigningKey } from '@arcadium/mesh/identity';
import type { Handlers } from '@arcadium/mesh/server';
import type { PasswordHasher } from './domain/password.ts';
import { login } from './procedures/sessions/login.ts';
import { introspect } from './procedures/tokens/introspect.ts';
import { getUser, getUsers } from './procedures/users/get.ts';
import { listUsers } from './procedures/users/list.ts';
import { getMe, updateMe } from './procedures/users/me.ts';
import { register } from './procedures/users/register.ts';
import type { LoginThrottle } from './stores/login-throttle.ts';
import type { TokenBlacklist } from './stores/token-blacklist.ts';
import type { UserStore } from './stores/user-store.ts';

/** What the procedures of this service work with. */
export interface Deps {
  users: UserStore;
  blacklist: TokenBlacklist;
  hasher: PasswordHasher;
  throttle: LoginThrottle;
  keys: KeySet;
  signingKey: SigningKey;
}

/** Every procedure of the contract, and what does it. */
export function createHandlers(deps: Deps): Handlers<typeof authContract> {
  return {
    users: {
      register: register(deps),
      me: getMe(deps),
      update: updateMe(deps),
      get: getUser(deps),
      getMany: getUsers(deps),
      list: listUsers(deps),
    },
    sessions: { login: login(deps) },
    tokens: { introspect: introspect(deps) },
  };
}
