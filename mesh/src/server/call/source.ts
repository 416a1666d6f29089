import type { Caller } from '../../contract/index.ts';
import { networkOf, type Peer } from './peer.ts';

/** What identifies the source of a call; a handler's `Call` has it. */
export interface CallMaker {
  readonly caller: Pick<Caller, 'service' | 'user'>;
  readonly peer: Peer;
}

/**
 * Who shares a scarce resource: the user, whichever service acts for them; else the service; else the network.
 *
 * @example
 * const lane = sourceOf(call); // the same for all calls for one user
 */
export function sourceOf({ caller: { user, service }, peer }: CallMaker): string {
  if (user) return `user ${user.id}`;
  if (service) return `service ${service.name}`;
  return `network ${peer.address === undefined ? 'unknown' : networkOf(peer.address)}`;
}
