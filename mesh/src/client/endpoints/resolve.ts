import { AsyncLocalStorage } from 'node:async_hooks';
import { isIP } from 'node:net';
import type { Logger } from '../../telemetry/index.ts';
import { HostName, systemLookup, type Lookup } from './host-name.ts';

/** One place where a service answers. */
export interface Address {
  /** The origin as configured, as `http://wiki:5000`. */
  readonly url: string;
  /** Where to connect, instead of looking the name up again; `undefined` where the system does it. */
  readonly ip: string | undefined;
}

/** Who answers for a service, over time. */
export interface Resolver {
  /**
   * All that are known, never none; the same array until there is a change.
   * To read it counts as use: read it for each call. What nobody reads is not
   * kept up to date.
   */
  readonly addresses: readonly Address[];
  /** Whether there are names to look up; else the addresses never change. */
  readonly looksUp: boolean;
  /**
   * What is worth waiting for before the addresses are read: the first answer,
   * or the first after a rest; it takes some milliseconds, and 200
   * at most. `undefined` where they are kept up to date. Counts as use.
   */
  fresh(): Promise<void> | undefined;
  /** Asks again soon, because an address failed; at most once in 500 ms. */
  refresh(): void;
  close(): void;
}

export interface ResolverOptions {
  /** Told of every change of the addresses, not of their order; one that stays is the same object. */
  onChange(addresses: readonly Address[]): void;
  /** The addresses of a name. @default the system's, IPv4 first */
  lookup?: Lookup;
  /** How often names are looked up while there is use, in milliseconds. @default 2000 */
  intervalMs?: number;
  log: Logger;
}

/** The least time between two lookups because of failures, in milliseconds. */
const refreshEveryMs = 500;

/** What is asked and logged here belongs to no call, though calls are what set it off. */
const outsideOfCalls = AsyncLocalStorage.snapshot();

/** For so long a call waits for the names to be looked up, in milliseconds; then it does with what is known. */
const longestWaitMs = 200;

/**
 * Follows the addresses of a service: one for each address of a name, as
 * Compose and a headless service of Kubernetes have one for each replica; one
 * for an IP literal or localhost, which are not looked up.
 *
 * Of a name with addresses of both families those of the first one count: a
 * host with both is one replica, not two. The system is asked for IPv4 first,
 * because a server on 0.0.0.0 has no other.
 *
 * Names are looked up at the first use, every `intervalMs` while there is use,
 * and after failures. A lookup that fails, or finds nothing, changes nothing.
 * Until the first one that succeeds a name stands for itself, so that what a
 * call fails with is the system's own error.
 *
 * @param urls Origins, as `http://wiki:5000`; names and IP literals may be mixed.
 */
export function createResolver(urls: readonly string[], options: ResolverOptions): Resolver {
  return new NameResolver(urls, options);
}

class NameResolver implements Resolver {
  readonly looksUp: boolean;
  readonly #urls: readonly string[];
  readonly #options: ResolverOptions;
  readonly #intervalMs: number;
  /** By host: one that has several ports is looked up once. */
  readonly #names: ReadonlyMap<string, HostName>;
  #addresses: readonly Address[] = [];
  /** Runs while there is use. */
  #timer: NodeJS.Timeout | undefined;
  /** Since the timer was started. */
  #used = false;
  #waking: Promise<void> | undefined;
  #refreshing: NodeJS.Timeout | undefined;
  #askedAt = -Infinity;
  #closed = false;

  constructor(urls: readonly string[], options: ResolverOptions) {
    const { lookup = systemLookup, intervalMs = 2000, log } = options;
    this.#urls = urls;
    this.#options = options;
    this.#intervalMs = intervalMs;
    const names = urls.map(hostOf).filter(isName);
    const onChange = (): void => this.#update();
    this.#names = new Map(names.map((host) => [host, new HostName(host, { lookup, log, onChange })]));
    this.looksUp = names.length > 0;
    this.#addresses = this.#current();
  }

  get addresses(): readonly Address[] {
    this.#use();
    return this.#addresses;
  }

  fresh(): Promise<void> | undefined {
    this.#use();
    return this.#waking;
  }

  refresh(): void {
    this.#use();
    if (this.#refreshing || this.#names.size === 0 || this.#closed) return;
    const ask = (): void => {
      this.#refreshing = undefined;
      void this.#ask();
    };
    const waitMs = Math.max(0, this.#askedAt + refreshEveryMs - performance.now());
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
      const waking = Promise.race([this.#ask(), wait(longestWaitMs)]).then(() => {
        if (this.#waking === waking) this.#waking = undefined;
      });
      this.#waking = waking;
    });
  }

  #startTimer(): void {
    this.#used = false;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      // A client that rests costs nothing; the next call wakes it.
      if (!this.#used) return;
      void this.#ask();
      this.#startTimer();
    }, this.#intervalMs).unref();
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

/** The host of a URL, an IPv6 literal without its brackets. */
function hostOf(url: string): string {
  return new URL(url).hostname.replace(/^\[|\]$/g, '');
}

/** Whether a host is looked up: localhost is where it is (RFC 6761 §6.3). */
function isName(host: string): boolean {
  return isIP(host) === 0 && !/(^|\.)localhost\.?$/.test(host);
}

function wait(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms).unref());
}
