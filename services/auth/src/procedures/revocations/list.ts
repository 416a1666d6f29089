import type { authContract, RevocationEvent } from '@arcadium/contracts/auth';
import type { HandlerOf } from '@arcadium/mesh/server';
import { presentRevocation } from '../../jobs/revocation-feed.ts';
import type { TokenBlacklist } from '../../stores/token-blacklist.ts';

/** Answers with what was revoked after a position; one that is beyond all that there are has become void. */
export function listRevocations({
  blacklist,
  now,
  earliest = now,
}: {
  blacklist: TokenBlacklist;
  now: () => Date;
  earliest?: (() => Date) | undefined;
}): HandlerOf<typeof authContract, 'revocations.list'> {
  return ({ input: { after, limit } }) => revocationsAfter(after, { blacklist, now: earliest, limit });
}

/** For so long after its time an entry is told, in milliseconds, as verifiers hold it for so long. */
const toldLongerMs = 60_000;

/**
 * What has expired by this clock is told no more: one that is behind, since a
 * token passes for some seconds more where it is verified, and by a clock that
 * may be another.
 *
 * @param now The earliest time that it may be: while this machine's clock is ahead, everything is still told.
 */
export function toldUntil(now: () => Date): () => Date {
  return () => new Date(now().getTime() - toldLongerMs);
}

/**
 * The same for the service itself.
 *
 * @param options.limit The most at once. @default 1000
 */
export async function revocationsAfter(
  after: number,
  { blacklist, now, limit = 1000 }: { blacklist: TokenBlacklist; now: () => Date; limit?: number },
): Promise<RevocationEvent> {
  const read = (from: number) => blacklist.after(from, { limit, now: toldUntil(now)() });
  const asked = await read(after);
  const reset = asked.top < after;
  const { entries, top } = reset ? await read(0) : asked;
  const complete = entries.length < limit;
  return {
    items: entries.map(presentRevocation),
    position: complete ? top : (entries.at(-1)?.position ?? top),
    complete,
    reset,
  };
}
