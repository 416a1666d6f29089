import type { authContract } from '@arcadium/contracts/auth';
import type { KeySet, SigningKey } from '@arcadium/mesh/identity';
import type { Handlers } from '@arcadium/mesh/server';
import type { PasswordHasher } from './domain/password.ts';
import type { KeyRing } from './jobs/key-ring.ts';
import type { RevocationFeed } from './jobs/revocation-feed.ts';
import type { Sightings } from './jobs/sightings.ts';
import { listKeys } from './procedures/keys/list.ts';
import { rotateKey } from './procedures/keys/rotate.ts';
import { withdrawKey } from './procedures/keys/withdraw.ts';
import { listRevocations } from './procedures/revocations/list.ts';
import { watchRevocations } from './procedures/revocations/watch.ts';
import { issue } from './procedures/service-tokens/issue.ts';
import { listServiceTokens } from './procedures/service-tokens/list.ts';
import { revoke } from './procedures/service-tokens/revoke.ts';
import { rotate } from './procedures/service-tokens/rotate.ts';
import { listAudit } from './procedures/audit/list.ts';
import { reportDenials } from './procedures/audit/report.ts';
import { login } from './procedures/sessions/login.ts';
import { introspect } from './procedures/tokens/introspect.ts';
import { getUser, getUsers } from './procedures/users/get.ts';
import { listUsers } from './procedures/users/list.ts';
import { getMe, updateMe } from './procedures/users/me.ts';
import { register } from './procedures/users/register.ts';
import type { ServiceTokenStore } from './stores/service-token-store.ts';
import type { AuditStore } from './stores/audit-store.ts';
import type { TokenBlacklist } from './stores/token-blacklist.ts';
import type { UserStore } from './stores/user-store.ts';

/** What the procedures of this service work with. */
export interface Deps {
  users: UserStore;
  audit: AuditStore;
  blacklist: TokenBlacklist;
  hasher: PasswordHasher;
  keys: KeySet;
  /** The key that signs at this moment. */
  signer: () => SigningKey;
  /** A key that has signed, where it can do so again. */
  signerOf: (kid: string) => Promise<SigningKey | undefined>;
  keyRing: KeyRing;
  serviceTokens: ServiceTokenStore;
  sightings: Sightings;
  revocationFeed: RevocationFeed;
  /** The time. */
  now: () => Date;
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
    serviceTokens: {
      issue: issue(deps),
      list: listServiceTokens(deps),
      rotate: rotate(deps),
      revoke: revoke(deps),
    },
    keys: { rotate: rotateKey(deps), withdraw: withdrawKey(deps), list: listKeys(deps) },
    revocations: { list: listRevocations(deps), watch: watchRevocations(deps) },
    audit: { list: listAudit(deps), report: reportDenials(deps) },
  };
}
