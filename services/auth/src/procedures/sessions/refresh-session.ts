import { sessionTokens } from './session-tokens.ts';
import type { AuthDeps, AuthHandler } from '../deps.ts';

/** Exchanges a refresh token for its successor and an access token. */
export function refreshSession({
  sessions,
  announcer,
  signer,
  now,
}: AuthDeps): AuthHandler<'sessions.refresh'> {
  return async (call) => {
    const at = now();
    const exchanged = await sessions.exchange(call.input.refreshToken, { at, request: call });
    if (exchanged.outcome === 'ended') {
      // Always waits, so that the time of the answer does not reveal whether this call ended a session.
      await announcer.announced();
      throw call.errors.SESSION_ENDED({});
    }
    return sessionTokens(exchanged, exchanged.successor, { signer: signer(), at });
  };
}
