import type { Caller } from '@arcadium/mesh/contract';

/**
 * The scope of a call's idempotency keys: the calling service's name, even if it acts for a user, or
 * `user:<id>`. Names of services contain no colon.
 */
export function senderOf(
  caller: Readonly<
    { service: NonNullable<Caller['service']> } | { service: undefined; user: NonNullable<Caller['user']> }
  >,
): string {
  return caller.service ? caller.service.name : `user:${caller.user.id}`;
}
