import { OutlierDetector, pick, type BreakerOptions, type Permit } from '../../resilience/index.ts';
import type { EndpointState, Logger } from '../../telemetry/index.ts';
import type { Clock } from '../clock.ts';
import type { Decide } from '../decisions.ts';
import { Endpoint, nameOf } from './endpoint.ts';
import type { Lookup } from './host-name.ts';
import { Resolver, type Address } from './resolve.ts';
import { subsetOf } from './subset.ts';
import type { Transport } from '../transports/transport.ts';

/** A chosen endpoint, and the permit of its breaker. */
export type Choice = Readonly<{ endpoint: Endpoint; permit: Permit }>;

export interface EndpointsOptions {
  /** Creates the transport of an endpoint. */
  open: (address: Address) => Transport;
  breaker: BreakerOptions | undefined;
  /** Resolves names. @default the system */
  lookup: Lookup | undefined;
  /** Most endpoints to use; of more, a subset. */
  subsetSize: number;
  clock: Clock;
  decide: Decide;
  log: Logger;
}

/** The endpoints of one service. Chooses one for each attempt, the better of two random ones. */
export class Endpoints {
  readonly #options: EndpointsOptions;
  readonly #outliers: OutlierDetector<Endpoint>;
  readonly #resolver: Resolver;
  /** Includes retired endpoints with calls in progress. */
  readonly #open = new Set<Endpoint>();
  #current: readonly Endpoint[] = [];
  /** Chooses another subset than other clients have. */
  readonly #seed = Math.floor(Math.random() * 2 ** 32);

  /** @param urls Origins, such as `http://wiki:5000`; a name may have several addresses. */
  constructor(urls: readonly string[], options: EndpointsOptions) {
    this.#options = options;
    const { clock, decide, log } = options;
    this.#outliers = new OutlierDetector<Endpoint>({
      now: clock.now,
      latencyMs: ({ latency }) => latency.mean(),
      onEject: ({ name }) => decide({ decision: 'ejected', reason: 'latency', endpoint: name }),
      onReturn: ({ name }) => decide({ decision: 'returned', endpoint: name }),
    });
    this.#resolver = new Resolver(urls, {
      log,
      ...(options.lookup && { lookup: options.lookup }),
      onChange: (addresses) => {
        this.#set(addresses);
        decide({ decision: 'resolved', endpoints: this.#current.map(({ name }) => name) });
      },
    });
    this.#set(this.#resolver.addresses);
  }

  /** A lookup of names to wait for before an endpoint is chosen; `undefined` if the addresses are up to date. */
  fresh(): Promise<void> | undefined {
    return this.#resolver.looksUp ? this.#resolver.fresh() : undefined;
  }

  /** Looks names up again, because an endpoint was not reached. */
  refresh(): void {
    this.#resolver.refresh();
  }

  /** URL of the first endpoint, to log an attempt that was sent to none. */
  get url(): string {
    return this.#current[0]?.url ?? '';
  }

  /**
   * URL of a healthy endpoint, for subscriptions, which make their own connections.
   *
   * @param refusing Endpoints to leave out, if there are others.
   */
  anyUrl(refusing: readonly Endpoint[] = []): string {
    this.#options.clock.read();
    return (pick(this.#current, { tried: refusing }) ?? pick(this.#current))?.url ?? '';
  }

  /** The endpoints whose contract a call does not fit. */
  refusing(mismatch: (contract: string | undefined) => unknown): readonly Endpoint[] {
    return this.#current.filter(({ transport }) => mismatch(transport.contract) !== undefined);
  }

  get size(): number {
    return this.#current.length;
  }

  /** Mean latency of the fastest endpoint, in milliseconds; 0 if unknown. */
  get expectedMs(): number {
    let least = Infinity;
    for (const { latency } of this.#current) least = Math.min(least, latency.mean());
    return least === Infinity ? 0 : least;
  }

  /**
   * Chooses an endpoint for an attempt.
   *
   * @param tried Endpoints to leave out.
   * @returns `undefined` if no breaker lets the attempt through.
   */
  choose(tried: readonly Endpoint[]): Choice | undefined {
    const endpoint = this.#pick(tried);
    if (!endpoint) return undefined;
    const permit = endpoint.breaker.tryAcquire();
    return permit && { endpoint, permit };
  }

  #pick(tried: readonly Endpoint[]): Endpoint | undefined {
    const [only] = this.#current;
    if (this.#current.length > 1) return pick(this.#current, tried.length === 0 ? undefined : { tried });
    return only && tried.includes(only) ? undefined : only;
  }

  /** Whether an endpoint that was not tried looks healthy. */
  anyUsable(tried: readonly Endpoint[]): boolean {
    return this.#current.some((endpoint) => endpoint.usable && !tried.includes(endpoint));
  }

  /** Time until a breaker lets a call through, in milliseconds. */
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

  /** Replaces the endpoints; those that stay keep their state. */
  #set(addresses: readonly Address[]): void {
    const before = this.#current;
    const known = new Map(before.map((endpoint) => [endpoint.name, endpoint]));
    const used = subsetOf(addresses, { most: this.#options.subsetSize, seed: this.#seed, nameOf });
    this.#current = used.map((address) => known.get(nameOf(address)) ?? this.#add(address));
    if (this.#current.length > 1)
      for (const endpoint of this.#current) endpoint.outlier ??= this.#outliers.add(endpoint);
    const current = new Set(this.#current);
    for (const endpoint of before) {
      if (!current.has(endpoint)) void endpoint.retire().then(() => this.#open.delete(endpoint));
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
