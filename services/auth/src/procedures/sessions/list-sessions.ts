import type { AuthDeps, AuthHandler } from '../deps.ts';

/** The active sessions of the calling user, most recently used first. */
export function listSessions({ sessions, now }: AuthDeps): AuthHandler<'sessions.list'> {
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
