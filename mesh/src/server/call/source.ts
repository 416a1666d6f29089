import type { Caller } from '../../contract/index.ts';
import { networkOf, type Peer } from './peer.ts';

/** What is known of the one who makes a call: a handler's call has it. */
export interface CallMaker {
  readonly caller: Pick<Caller, 'service' | 'user'>;
  readonly peer: Peer;
}

/**
 * Whom a call is for where callers share something that is scarce: the account, whichever service acts for it; else the
 * service; else the network it comes from.
 */
export function sourceOf({ caller: { user, service }, peer }: CallMaker): string {
  if (user) return `user ${user.id}`;
  if (service) return `service ${service.name}`;
  return `network ${peer.address === undefined ? 'unknown' : networkOf(peer.address)}`;
}
