import type { Caller } from '@arcadium/mesh/contract';

/**
 * Whose idempotency keys a call uses: the calling service's name, even if it
 * acts for a user, or `user:<id>`. No service's name contains a colon.
 */
export function senderOf(
  caller: Readonly<
    { service: NonNullable<Caller['service']> } | { service: undefined; user: NonNullable<Caller['user']> }
  >,
): string {
  return caller.service ? caller.service.name : `user:${caller.user.id}`;
}
