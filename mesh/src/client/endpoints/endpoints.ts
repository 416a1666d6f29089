import { OutlierDetector, pick, type BreakerOptions, type Permit } from '../../resilience/index.ts';
import type { EndpointState, Logger } from '../../telemetry/index.ts';
import type { Clock } from '../clock.ts';
import type { Decide } from '../decisions.ts';
import { Endpoint } from './endpoint.ts';
import type { Lookup } from './host-name.ts';
import { createResolver, type Address, type Resolver } from './resolve.ts';
import type { Transport } from '../transports/transport.ts';

/** An endpoint that was chosen, and the leave of its breaker. */
export type Choice = Readonly<{ endpoint: Endpoint; permit: Permit }>;

/** What the endpoints of a service need. */
export interface EndpointsOptions {
  /** Makes what carries calls to one of them. */
  open: (address: Address) => Transport;
  breaker: BreakerOptions | undefined;
  /** How names are looked up. @default as the system does */
  lookup: Lookup | undefined;
  clock: Clock;
  decide: Decide;
  log: Logger;
}

/** The endpoints of one service: chooses one for each attempt, by two random choices. */
export class Endpoints {
  readonly #options: EndpointsOptions;
  readonly #outliers: OutlierDetector<Endpoint>;
  readonly #resolver: Resolver;
  /** Those no longer chosen whose calls are not over yet, too. */
  readonly #open = new Set<Endpoint>();
  #current: readonly Endpoint[] = [];

  /** @param urls Origins, as `http://wiki:5000`; a name may have several addresses. */
  constructor(urls: readonly string[], options: EndpointsOptions) {
    this.#options = options;
    const { clock, decide, log } = options;
    this.#outliers = new OutlierDetector<Endpoint>({
      now: clock.now,
      latencyMs: ({ latency }) => latency.mean(),
      onEject: ({ name }) => decide({ decision: 'ejected', reason: 'latency', endpoint: name }),
      onReturn: ({ name }) => decide({ decision: 'returned', endpoint: name }),
    });
    this.#resolver = createResolver(urls, {
      log,
      ...(options.lookup && { lookup: options.lookup }),
      onChange: (addresses) => {
        this.#set(addresses);
        decide({ decision: 'resolved', endpoints: this.#current.map(({ name }) => name) });
      },
    });
    this.#set(this.#resolver.addresses);
  }

  /** What is worth waiting for before one is chosen, where anything is: their names are being looked up. */
  fresh(): Promise<void> | undefined {
    return this.#resolver.looksUp ? this.#resolver.fresh() : undefined;
  }

  /** One of them could not be reached: it may not be there any more. */
  refresh(): void {
    this.#resolver.refresh();
  }

  /** Where the first of them is, for the log of what went to none. */
  get url(): string {
    return this.#current[0]?.url ?? '';
  }

  /** Where one of them is that looks healthy, for what chooses its connections itself. */
  anyUrl(): string {
    this.#options.clock.read();
    return pick(this.#current)?.url ?? '';
  }

  /** How many there are to choose from. */
  get size(): number {
    return this.#current.length;
  }

  /** How long the quickest of them usually takes, in milliseconds; 0 if that is not known. */
  get expectedMs(): number {
    let least = Infinity;
    for (const { latency } of this.#current) least = Math.min(least, latency.mean());
    return least === Infinity ? 0 : least;
  }

  /**
   * Chooses one for an attempt.
   *
   * @param tried Those that this attempt is not to go to.
   * @returns `undefined` where there is none whose breaker lets the attempt through.
   */
  choose(tried: readonly Endpoint[]): Choice | undefined {
    const endpoint = this.#pick(tried);
    if (!endpoint) return undefined;
    const permit = endpoint.breaker.tryAcquire();
    return permit && { endpoint, permit };
  }

  /** Where there is only one, there is nothing to compare. */
  #pick(tried: readonly Endpoint[]): Endpoint | undefined {
    const [only] = this.#current;
    if (this.#current.length > 1) return pick(this.#current, tried.length === 0 ? undefined : { tried });
    return only && tried.includes(only) ? undefined : only;
  }

  /** Whether one that was not tried looks healthy. */
  anyUsable(tried: readonly Endpoint[]): boolean {
    return this.#current.some((endpoint) => endpoint.usable && !tried.includes(endpoint));
  }

  /** The soonest that one of them may be tried, from now, in milliseconds. */
  get retryAfterMs(): number {
    return Math.min(...this.#current.map(({ breaker }) => breaker.retryAfterMs));
  }

  states(): EndpointState[] {
    this.#options.clock.read();
    return this.#current.map((endpoint) => endpoint.state());
  }

  async close(): Promise<void> {
    this.#resolver.close();
    await Promise.all([...this.#open].map((endpoint) => endpoint.close()));
  }

  /** Where calls go from now on; those that stay keep what was learnt of them. */
  #set(addresses: readonly Address[]): void {
    const before = this.#current;
    this.#current = addresses.map(
      (address) => before.find((endpoint) => isAt(endpoint, address)) ?? this.#add(address),
    );
    // One alone is compared with none.
    if (this.#current.length > 1)
      for (const endpoint of this.#current) endpoint.outlier ??= this.#outliers.add(endpoint);
    for (const endpoint of before) {
      if (!this.#current.includes(endpoint)) void endpoint.retire().then(() => this.#open.delete(endpoint));
    }
  }

  #add(address: Address): Endpoint {
    const { open, breaker, clock, decide } = this.#options;
    const endpoint = new Endpoint(address, {
      transport: open(address),
      breaker,
      clock,
      decide,
    });
    this.#open.add(endpoint);
    return endpoint;
  }
}

function isAt({ address }: Endpoint, { url, ip }: Address): boolean {
  return address.url === url && address.ip === ip;
}
