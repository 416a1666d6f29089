import type { authContract } from '@arcadium/contracts/auth';
import type { HandlerOf } from '@arcadium/mesh/server';
import type { SessionStore } from '../../stores/session-store.ts';

/** The active sessions of the calling user, most recently used first. */
export function listSessions({
  sessions,
  now,
}: {
  sessions: SessionStore;
  now: () => Date;
}): HandlerOf<typeof authContract, 'sessions.list'> {
  return async ({ caller: { user } }) => {
    const rows = await sessions.list(user.id, now());
    const items = rows.map((session) => ({
      id: session.id,
      createdAt: session.createdAt.toISOString(),
      lastUsedAt: session.lastUsedAt.toISOString(),
      expiresAt: session.expiresAt.toISOString(),
      address: session.address,
      userAgent: session.userAgent,
      current: session.id === user.sessionId,
    }));
    return { items };
  };
}
