import type { authContract } from '@arcadium/contracts/auth';
import { tracked, type HandlerOf } from '@arcadium/mesh/server';
import type { RevocationAnnouncer } from '../../jobs/revocation-announcer.ts';

/** Sends revocations as they happen, after those since the client's last event. */
export function watchRevocations({
  announcer,
}: {
  announcer: RevocationAnnouncer;
}): HandlerOf<typeof authContract, 'revocations.watch'> {
  return async function* ({ input, signal }) {
    for await (const event of announcer.follow(Number(input?.lastEventId ?? 0), signal)) {
      yield tracked(String(event.position), event);
    }
  };
}
