import type { RevocationEvent } from '@arcadium/contracts/auth';
import type { Revocation } from '../stores/token-blacklist.ts';

/** An entry as it is sent; followers track positions by event. */
export function presentRevocation({ id, expiresAt }: Revocation): RevocationEvent['items'][number] {
  return { id, expiresAt: expiresAt.toISOString() };
}
