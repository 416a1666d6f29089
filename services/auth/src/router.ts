import type { authContract } from '@arcadium/contracts/auth';
import type { KeySet, SigningKey } from '@arcadium/mesh/identity';
import type { Handlers } from '@arcadium/mesh/server';
import type { OutboxHandlers } from '@arcadium/prisma/outbox';
import type { PasswordPolicy } from './domain/password-policy.ts';
import type { PasswordHasher } from './domain/password.ts';
import type { KeyRing } from './jobs/key-ring.ts';
import type { RevocationAnnouncer } from './jobs/revocation-announcer.ts';
import type { Sightings } from './sightings.ts';
import { listKeys } from './procedures/keys/list.ts';
import { rotateKey } from './procedures/keys/rotate.ts';
import { withdrawKey } from './procedures/keys/withdraw.ts';
import { listRevocations } from './procedures/revocations/list.ts';
import { announcedBy } from './procedures/revocations/announced.ts';
import { watchRevocations } from './procedures/revocations/watch.ts';
import { issue } from './procedures/service-tokens/issue.ts';
import { listServiceTokens } from './procedures/service-tokens/list.ts';
import { revoke } from './procedures/service-tokens/revoke.ts';
import { rotate } from './procedures/service-tokens/rotate.ts';
import { listAudit } from './procedures/audit/list.ts';
import { reportDenials } from './procedures/audit/report.ts';
import { listSessions } from './procedures/sessions/list.ts';
import { login } from './procedures/sessions/login.ts';
import { logout, logoutAll } from './procedures/sessions/logout.ts';
import { refresh } from './procedures/sessions/refresh.ts';
import { introspect } from './procedures/tokens/introspect.ts';
import { confirm } from './procedures/totp/confirm.ts';
import { disableTotp } from './procedures/totp/disable.ts';
import { enroll } from './procedures/totp/enroll.ts';
import { renewRecoveryCodes } from './procedures/totp/renew-recovery-codes.ts';
import { disable, enable, setRole } from './procedures/users/administer.ts';
import { changePassword } from './procedures/users/change-password.ts';
import { getUser, getUsers } from './procedures/users/get.ts';
import { listUsers } from './procedures/users/list.ts';
import { getMe, updateMe } from './procedures/users/me.ts';
import { register } from './procedures/users/register.ts';
import type { ServiceTokenStore } from './stores/service-token-store.ts';
import type { AuditStore } from './stores/audit-store.ts';
import type { AdministrationStore } from './stores/administration-store.ts';
import type { PasswordStore } from './stores/password-store.ts';
import type { SecondFactorStore } from './stores/second-factor-store.ts';
import type { SessionStore } from './stores/session-store.ts';
import type { LoginThrottle } from './stores/login-throttle.ts';
import type { TokenBlacklist } from './stores/token-blacklist.ts';
import type { UserStore } from './stores/user-store.ts';

export interface Deps {
  users: UserStore;
  audit: AuditStore;
  administration: AdministrationStore;
  passwords: PasswordStore;
  sessions: SessionStore;
  secondFactors: SecondFactorStore;
  blacklist: TokenBlacklist;
  policy: PasswordPolicy;
  hasher: PasswordHasher;
  throttle: LoginThrottle;
  outbox: OutboxHandlers;
  keys: KeySet;
  /** The key that signs now. */
  signer: () => SigningKey;
  /** An earlier key, if it can still sign. */
  signerOf: (kid: string) => Promise<SigningKey | undefined>;
  keyRing: KeyRing;
  serviceTokens: ServiceTokenStore;
  /** Most live tokens of a service. */
  mostServiceTokens: number;
  sightings: Sightings;
  announcer: RevocationAnnouncer;
  now: () => Date;
  /** The earliest possible time, which decides what is forgotten. @default now */
  earliest?: () => Date;
}

/** The handler of each procedure of the contract. */
export function createHandlers(deps: Deps): Handlers<typeof authContract> {
  const announced = announcedBy(deps.announcer);
  return {
    users: {
      register: register(deps),
      me: getMe(deps),
      update: updateMe(deps),
      changePassword: announced(changePassword(deps)),
      get: getUser(deps),
      getMany: getUsers(deps),
      list: listUsers(deps),
      setRole: announced(setRole(deps)),
      disable: announced(disable(deps)),
      enable: enable(deps),
    },
    sessions: {
      login: login(deps),
      refresh: refresh(deps),
      logout: announced(logout(deps)),
      logoutAll: announced(logoutAll(deps)),
      list: listSessions(deps),
    },
    totp: {
      enroll: enroll(deps),
      confirm: confirm(deps),
      renewRecoveryCodes: renewRecoveryCodes(deps),
      disable: disableTotp(deps),
    },
    tokens: { introspect: introspect(deps) },
    serviceTokens: {
      issue: issue(deps),
      list: listServiceTokens(deps),
      rotate: rotate(deps),
      revoke: announced(revoke(deps)),
    },
    keys: { rotate: rotateKey(deps), withdraw: announced(withdrawKey(deps)), list: listKeys(deps) },
    revocations: { list: listRevocations(deps), watch: watchRevocations(deps) },
    audit: { list: listAudit(deps), report: reportDenials(deps) },
    outbox: deps.outbox,
  };
}
