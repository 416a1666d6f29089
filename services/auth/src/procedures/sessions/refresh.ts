import type { authContract } from '@arcadium/contracts/auth';
import type { SigningKey } from '@arcadium/mesh/identity';
import type { HandlerOf } from '@arcadium/mesh/server';
import type { RevocationAnnouncer } from '../../jobs/revocation-announcer.ts';
import type { SessionStore } from '../../stores/session-store.ts';
import { sessionTokens } from './session-tokens.ts';

/** Exchanges a refresh token for its successor and an access token. */
export function refresh({
  sessions,
  announcer,
  signer,
  now,
}: {
  sessions: SessionStore;
  announcer: Pick<RevocationAnnouncer, 'announced'>;
  signer: () => SigningKey;
  now: () => Date;
}): HandlerOf<typeof authContract, 'sessions.refresh'> {
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
