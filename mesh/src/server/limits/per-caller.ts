import type { Caller } from '../../contract/index.ts';
import { networkOf, type Peer } from '../call/peer.ts';

/** The limit of a service is higher by this factor: it has many processes and acts for many users. */
const serviceFactor = 10;

/**
 * The subject of a limit: the user, also behind a service; otherwise the service; otherwise the address (IPv6: its
 * /64). `undefined` if none is known, as for a call in memory.
 */
export function limitKeyOf({ service, user }: Caller, peer: Peer | undefined): string | undefined {
  if (user) return `user ${user.id}`;
  if (service) return `service ${service.name}`;
  return peer?.address === undefined ? undefined : `address ${networkOf(peer.address)}`;
}

/** Counts what each caller has open. */
export class OpenPerCaller {
  readonly #most: number;
  readonly #open = new Map<string, number>();

  /** @param most Limit of one user or address; 0 for no limit. */
  constructor(most = 100) {
    this.#most = most;
  }

  /** The limit of a caller. @param key From `limitKeyOf`. */
  mostOf(key: string | undefined): number {
    if (this.#most === 0 || key === undefined) return Infinity;
    return key.startsWith('service ') ? this.#most * serviceFactor : this.#most;
  }

  isFull(key: string | undefined): boolean {
    return key !== undefined && (this.#open.get(key) ?? 0) >= this.mostOf(key);
  }

  /** Counts one more until it is disposed of, which must happen once. */
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
