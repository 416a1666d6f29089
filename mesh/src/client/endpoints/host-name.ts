import { lookup as lookupName } from 'node:dns/promises';
import { Outage, type Logger } from '../../telemetry/index.ts';

/** Finds the addresses of a name, as `dns.lookup` with `all` does. */
export type Lookup = (host: string) => Promise<Found>;

type Found = readonly { address: string; family: number }[];

/** Asks the system, /etc/hosts included. */
export const systemLookup: Lookup = (host) => lookupName(host, { all: true, order: 'ipv4first' });

/** A lookup that takes longer counts as failed, in milliseconds; what it says in the end is taken nevertheless. */
const lookupTimeoutMs = 5000;

/** A name and the addresses that it was last known to stand for. */
export class HostName {
  /** In order; `undefined` before the first success. */
  ips: readonly string[] | undefined;
  readonly #host: string;
  readonly #options: { lookup: Lookup; log: Logger; onChange: () => void };
  #asking: Promise<void> | undefined;
  readonly #outage: Outage;
  #closed = false;

  constructor(host: string, options: { lookup: Lookup; log: Logger; onChange: () => void }) {
    this.#host = host;
    this.#options = options;
    this.#outage = new Outage(options.log);
  }

  /**
   * Looks it up, unless that is still under way: the system can take back no
   * lookup, and each one that hangs holds a thread of which there are few.
   */
  ask(): Promise<void> {
    this.#asking ??= this.#look().finally(() => (this.#asking = undefined));
    return this.#asking;
  }

  close(): void {
    this.#closed = true;
    this.#outage.close();
  }

  async #look(): Promise<void> {
    const late = (): void => this.#fail(`no answer within ${lookupTimeoutMs} ms`);
    const timer = setTimeout(late, lookupTimeoutMs).unref();
    const found = await this.#find();
    clearTimeout(timer);
    if (found && !this.#closed) this.#take(found);
  }

  async #find(): Promise<Found | undefined> {
    try {
      const found = await this.#options.lookup(this.#host);
      if (found.length > 0) return found;
      this.#fail('the name has no addresses');
    } catch (error) {
      this.#fail(String(error));
    }
    return undefined;
  }

  #take(found: Found): void {
    const { log, onChange } = this.#options;
    this.#outage.end({ host: this.#host }, `${this.#host} can be resolved again`);
    const sameFamily = found.filter(({ family }) => family === found[0]?.family);
    const ips = [...new Set(sameFamily.map(({ address }) => address))].toSorted();
    if (ips.join() === this.ips?.join()) return;
    this.ips = ips;
    log.debug({ host: this.#host, addresses: ips }, `the addresses of ${this.#host} have changed`);
    onChange();
  }

  #fail(reason: string): void {
    if (this.#closed) return;
    const message = `could not resolve ${this.#host}; the known addresses stay in use`;
    this.#outage.begin({ host: this.#host, reason }, message);
  }
}
