import type { authContract } from '@arcadium/contracts/auth';
import type { Handlers } from '@arcadium/mesh/server';
import type { AuthDeps } from './procedures/deps.ts';
import { listKeys } from './procedures/keys/list-keys.ts';
import { rotateKey } from './procedures/keys/rotate-key.ts';
import { withdrawKey } from './procedures/keys/withdraw-key.ts';
import { listRevocations } from './procedures/revocations/list-revocations.ts';
import { announcedBy } from './procedures/revocations/announced.ts';
import { watchRevocations } from './procedures/revocations/watch-revocations.ts';
import { issueToken } from './procedures/service-tokens/issue-token.ts';
import { listTokens } from './procedures/service-tokens/list-tokens.ts';
import { revokeToken } from './procedures/service-tokens/revoke-token.ts';
import { rotateToken } from './procedures/service-tokens/rotate-token.ts';
import { listAudit } from './procedures/audit/list-audit.ts';
import { reportDenials } from './procedures/audit/report-denials.ts';
import { listSessions } from './procedures/sessions/list-sessions.ts';
import { logIn } from './procedures/sessions/log-in.ts';
import { logOut, logOutAll } from './procedures/sessions/log-out.ts';
import { refreshSession } from './procedures/sessions/refresh-session.ts';
import { introspectToken } from './procedures/tokens/introspect-token.ts';
import { confirmTotp } from './procedures/totp/confirm-totp.ts';
import { disableTotp } from './procedures/totp/disable-totp.ts';
import { enrollTotp } from './procedures/totp/enroll-totp.ts';
import { renewRecoveryCodes } from './procedures/totp/renew-recovery-codes.ts';
import {
  disableUser,
  enableUser,
  endSessionsOf,
  resetSecondFactor,
  setRole,
} from './procedures/users/administer-user.ts';
import { changePassword } from './procedures/users/change-password.ts';
import { findUser } from './procedures/users/find-user.ts';
import { getUser, getUsers } from './procedures/users/get-user.ts';
import { listUsers } from './procedures/users/list-users.ts';
import { getMe } from './procedures/users/get-me.ts';
import { createUser, registerUser } from './procedures/users/register-user.ts';
import { updateMe } from './procedures/users/update-me.ts';

/** The handler of each procedure of the contract. */
export function createHandlers(deps: AuthDeps): Handlers<typeof authContract> {
  const announced = announcedBy(deps.announcer);
  return {
    users: {
      register: registerUser(deps),
      create: createUser(deps),
      me: getMe(deps),
      update: updateMe(deps),
      changePassword: announced(changePassword(deps)),
      get: getUser(deps),
      getMany: getUsers(deps),
      list: listUsers(deps),
      find: findUser(deps),
      setRole: announced(setRole(deps)),
      disable: announced(disableUser(deps)),
      enable: enableUser(deps),
      resetSecondFactor: announced(resetSecondFactor(deps)),
      endSessions: announced(endSessionsOf(deps)),
    },
    sessions: {
      login: logIn(deps),
      refresh: refreshSession(deps),
      logout: announced(logOut(deps)),
      logoutAll: announced(logOutAll(deps)),
      list: listSessions(deps),
    },
    totp: {
      enroll: enrollTotp(deps),
      confirm: confirmTotp(deps),
      renewRecoveryCodes: renewRecoveryCodes(deps),
      disable: disableTotp(deps),
    },
    tokens: { introspect: introspectToken(deps) },
    serviceTokens: {
      issue: issueToken(deps),
      list: listTokens(deps),
      rotate: rotateToken(deps),
      revoke: announced(revokeToken(deps)),
    },
    keys: { rotate: rotateKey(deps), withdraw: announced(withdrawKey(deps)), list: listKeys(deps) },
    revocations: { list: listRevocations(deps), watch: watchRevocations(deps) },
    audit: { list: listAudit(deps), report: reportDenials(deps) },
    outbox: deps.outbox,
  };
}
