import { originOf } from '../../stores/audit-log.ts';
import type { AuthDeps, AuthHandler } from '../deps.ts';

/** Ends the session of a refresh token; the answer does not tell whether there was one. */
export function logOut({ sessions, now }: AuthDeps): AuthHandler<'sessions.logout'> {
  return async (call) => {
    await sessions.endByToken(call.input.refreshToken, { at: now(), request: call });
    return {};
  };
}

export function logOutAll({ sessions, now }: AuthDeps): AuthHandler<'sessions.logoutAll'> {
  return async (call) => {
    const ending = { at: now(), reason: 'logged-out', origin: originOf(call) } as const;
    return { sessionsEnded: await sessions.endAll(call.caller.user.id, ending) };
  };
}
