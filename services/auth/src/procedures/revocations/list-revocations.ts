import type { RevocationEvent } from '@arcadium/contracts/auth';
import { presentRevocation } from '../../presenters/revocation.ts';
import type { TokenBlacklist } from '../../stores/token-blacklist.ts';
import type { AuthDeps, AuthHandler } from '../deps.ts';

/** Revocations after a position; a position beyond the end of the list is void. */
export function listRevocations({
  blacklist,
  now,
  earliest = now,
}: AuthDeps): AuthHandler<'revocations.list'> {
  return ({ input: { after, limit } }) => revocationsAfter(after, { blacklist, now: earliest, limit });
}

/** How long an expired entry is still sent, in milliseconds, because verifiers keep it as long. */
const sentLongerMs = 60_000;

/**
 * Entries that expired before this time are no longer sent. It lags behind, because verifiers accept a token
 * for some seconds after its end, and their clocks may differ.
 *
 * @param now The earliest possible time: while this machine's clock is ahead, everything is still sent.
 */
export function sentUntil(now: () => Date): () => Date {
  return () => new Date(now().getTime() - sentLongerMs);
}

/**
 * The same for the service itself.
 *
 * @param options.limit Most entries.
 * @default 1000
 */
export async function revocationsAfter(
  after: number,
  { blacklist, now, limit = 1000 }: { blacklist: TokenBlacklist; now: () => Date; limit?: number },
): Promise<RevocationEvent> {
  const read = (from: number) => blacklist.after(from, { limit, now: sentUntil(now)() });
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
