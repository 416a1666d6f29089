import { AsyncLocalStorage } from 'node:async_hooks';
import { isIP } from 'node:net';
import type { Logger } from '../../telemetry/index.ts';
import { HostName, systemLookup, type Lookup } from './host-name.ts';

/** Address of an endpoint. */
export interface Address {
  /** Origin as configured, such as `http://wiki:5000`. */
  readonly url: string;
  /** IP address to connect to; `undefined` if the system resolves the name. */
  readonly ip: string | undefined;
}

export interface ResolverOptions {
  /** Called after each change of the addresses, except of their order; addresses that stay are the same objects. */
  onChange(addresses: readonly Address[]): void;
  /** Resolves a name. @default the system, IPv4 first */
  lookup?: Lookup;
  /** Time between lookups while addresses are in use, in milliseconds. @default 2000 */
  intervalMs?: number;
  /** Shortest time between lookups after failures, in milliseconds. @default 500 */
  refreshMs?: number;
  /** How long a call waits for a lookup, in milliseconds, before it uses the known addresses. @default 200 */
  waitMs?: number;
  log: Logger;
}

/** Lookups and their log lines belong to no call, although calls trigger them. */
const outsideOfCalls = AsyncLocalStorage.snapshot();

/**
 * Follows the addresses of a service: one per address of a name, as Compose and a headless service of Kubernetes have
 * one per replica. IP literals and localhost are not looked up. If a name has addresses of both families, those of
 * the first family count, because a host with both is one replica.
 *
 * Names are looked up at the first use, every `intervalMs` while in use, and after failures. A failed or empty lookup
 * changes nothing. Before the first success the address is the name, so that calls fail with the system's own error.
 */
export class Resolver {
  /** Whether there are names to look up; otherwise the addresses never change. */
  readonly looksUp: boolean;
  readonly #urls: readonly string[];
  readonly #options: Required<ResolverOptions>;
  /** By host, so that a host with several ports is looked up once. */
  readonly #names: ReadonlyMap<string, HostName>;
  #addresses: readonly Address[] = [];
  /** Runs while the addresses are in use. */
  #timer: NodeJS.Timeout | undefined;
  /** Whether the addresses were used since the timer was started. */
  #used = false;
  #waking: Promise<void> | undefined;
  #refreshing: NodeJS.Timeout | undefined;
  #askedAt = -Infinity;
  #closed = false;

  /** @param urls Origins, such as `http://wiki:5000`; names and IP literals may be mixed. */
  constructor(urls: readonly string[], options: ResolverOptions) {
    this.#urls = urls;
    this.#options = { lookup: systemLookup, intervalMs: 2000, refreshMs: 500, waitMs: 200, ...options };
    const { lookup, log } = this.#options;
    const names = urls.map(hostOf).filter(isName);
    const onChange = (): void => this.#update();
    this.#names = new Map(names.map((host) => [host, new HostName(host, { lookup, log, onChange })]));
    this.looksUp = names.length > 0;
    this.#addresses = this.#current();
  }

  /** The known addresses, at least one; the same array until a change. Counts as use, so read it for each call. */
  get addresses(): readonly Address[] {
    this.#use();
    return this.#addresses;
  }

  /**
   * A lookup to wait for before reading the addresses: the first one, or the first after a pause. `undefined` if the
   * addresses are up to date. Counts as use.
   */
  fresh(): Promise<void> | undefined {
    this.#use();
    return this.#waking;
  }

  /** Looks the names up soon, because an address failed. */
  refresh(): void {
    this.#use();
    if (this.#refreshing || this.#names.size === 0 || this.#closed) return;
    const ask = (): void => {
      this.#refreshing = undefined;
      void this.#ask();
    };
    const waitMs = Math.max(0, this.#askedAt + this.#options.refreshMs - performance.now());
    outsideOfCalls(() => (this.#refreshing = setTimeout(ask, waitMs).unref()));
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
    clearTimeout(this.#refreshing);
    for (const name of this.#names.values()) name.close();
  }

  #use(): void {
    this.#used = true;
    if (this.#timer || this.#names.size === 0 || this.#closed) return;
    outsideOfCalls(() => {
      this.#startTimer();
      const waking = Promise.race([this.#ask(), wait(this.#options.waitMs)]).then(() => {
        if (this.#waking === waking) this.#waking = undefined;
      });
      this.#waking = waking;
    });
  }

  #startTimer(): void {
    this.#used = false;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      // An idle client stops looking up; the next call starts it again.
      if (!this.#used) return;
      void this.#ask();
      this.#startTimer();
    }, this.#options.intervalMs).unref();
  }

  async #ask(): Promise<void> {
    this.#askedAt = performance.now();
    await Promise.all([...this.#names.values()].map((name) => name.ask()));
  }

  #update(): void {
    this.#addresses = this.#current();
    this.#options.onChange(this.#addresses);
  }

  #current(): readonly Address[] {
    return this.#urls.flatMap((url) => {
      const ips = this.#names.get(hostOf(url))?.ips ?? [undefined];
      const known = this.#addresses.filter((address) => address.url === url);
      return ips.map((ip) => known.find((address) => address.ip === ip) ?? { url, ip });
    });
  }
}

/** Host of a URL; an IPv6 literal without brackets. */
function hostOf(url: string): string {
  return new URL(url).hostname.replace(/^\[|\]$/g, '');
}

/** Whether a host is looked up; localhost is not (RFC 6761 §6.3). */
function isName(host: string): boolean {
  return isIP(host) === 0 && !/(^|\.)localhost\.?$/.test(host);
}

function wait(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms).unref());
}
