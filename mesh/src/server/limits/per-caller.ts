import type { Caller } from '../../contract/index.ts';
import { networkOf, type Peer } from '../call/peer.ts';

/** How many subscriptions, and how many WebSockets, one caller may have open, where a service is not told. */
export const defaultPerCaller = 100;

/** A service has many processes and acts for many users: its limit is this many times higher. */
const serviceFactor = 10;

/**
 * Whom a limit is for: the user, also one that a service acts for; else the service; else the address, of IPv6 the
 * /64. `undefined` where none of these is known, as in memory.
 */
export function limitKeyOf({ service, user }: Caller, peer: Peer | undefined): string | undefined {
  if (user) return `user ${user.id}`;
  if (service) return `service ${service.name}`;
  return peer?.address === undefined ? undefined : `address ${networkOf(peer.address)}`;
}

/** Counts what each caller has open at the same time. It holds nothing of a caller that has nothing open. */
export class OpenPerCaller {
  readonly #most: number;
  readonly #open = new Map<string, number>();

  /** @param most For one user or address; 0 for any number. */
  constructor(most: number = defaultPerCaller) {
    this.#most = most;
  }

  /** How many of a caller may be open. @param key As `limitKeyOf` made it. */
  mostOf(key: string | undefined): number {
    if (this.#most === 0 || key === undefined) return Infinity;
    return key.startsWith('service ') ? this.#most * serviceFactor : this.#most;
  }

  isFull(key: string | undefined): boolean {
    return key !== undefined && (this.#open.get(key) ?? 0) >= this.mostOf(key);
  }

  /** Counts one more, until it is disposed of; once is enough. */
  open(key: string | undefined): Disposable {
    if (key === undefined) return { [Symbol.dispose]() {} };
    this.#open.set(key, (this.#open.get(key) ?? 0) + 1);
    return { [Symbol.dispose]: () => this.#close(key) };
  }

  #close(key: string): void {
    const left = (this.#open.get(key) ?? 0) - 1;
    if (left > 0) this.#open.set(key, left);
    else this.#open.delete(key);
  }
}
