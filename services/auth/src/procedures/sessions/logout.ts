import type { authContract } from '@arcadium/contracts/auth';
import type { HandlerOf } from '@arcadium/mesh/server';
import { originOf } from '../../stores/audit-log.ts';
import type { SessionStore } from '../../stores/session-store.ts';

interface Deps {
  sessions: SessionStore;
  now: () => Date;
}

/** Ends the session of a refresh token; the answer does not tell whether there was one. */
export function logout({ sessions, now }: Deps): HandlerOf<typeof authContract, 'sessions.logout'> {
  return async (call) => {
    await sessions.endByToken(call.input.refreshToken, { at: now(), request: call });
    return {};
  };
}

export function logoutAll({ sessions, now }: Deps): HandlerOf<typeof authContract, 'sessions.logoutAll'> {
  return async (call) => {
    const ending = { at: now(), reason: 'logged-out', origin: originOf(call) } as const;
    return { sessionsEnded: await sessions.endAll(call.caller.user.id, ending) };
  };
}
