import { lookup as lookupName } from 'node:dns/promises';
import { Outage, type Logger } from '../../telemetry/index.ts';
import { defaultTimeoutMs } from '../../wire/index.ts';

/** Resolves a name, like `dns.lookup` with `all`. */
export type Lookup = (host: string) => Promise<Found>;

type Found = readonly { address: string; family: number }[];

/** Resolves by the system, /etc/hosts included. */
export const systemLookup: Lookup = (host) => lookupName(host, { all: true, order: 'ipv4first' });

interface HostNameOptions {
  lookup: Lookup;
  log: Logger;
  onChange: () => void;
  /** Time after which a lookup counts as failed, in milliseconds; a later result is still used. @default 5000 */
  timeoutMs?: number;
}

/** A name and its last known addresses. */
export class HostName {
  /** Sorted; `undefined` before the first success. */
  ips: readonly string[] | undefined;
  readonly #host: string;
  readonly #options: Required<HostNameOptions>;
  #asking: Promise<void> | undefined;
  readonly #outage: Outage;
  #closed = false;

  constructor(host: string, options: HostNameOptions) {
    this.#host = host;
    this.#options = { timeoutMs: defaultTimeoutMs, ...options };
    this.#outage = new Outage(options.log);
  }

  /**
   * Looks the name up, unless a lookup is in progress: the system cannot cancel one, and each that hangs blocks one
   * of few threads.
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
    const { timeoutMs } = this.#options;
    const late = (): void => this.#fail(`no answer within ${timeoutMs} ms`);
    const timer = setTimeout(late, timeoutMs).unref();
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
