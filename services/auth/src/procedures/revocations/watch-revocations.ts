import { tracked } from '@arcadium/mesh/server';
import type { AuthDeps, AuthHandler } from '../deps.ts';

/** Sends revocations as they happen, after those since the client's last event. */
export function watchRevocations({ announcer }: AuthDeps): AuthHandler<'revocations.watch'> {
  return async function* ({ input, signal }) {
    for await (const event of announcer.follow(Number(input?.lastEventId ?? 0), signal)) {
      yield tracked(String(event.position), event);
    }
  };
}
