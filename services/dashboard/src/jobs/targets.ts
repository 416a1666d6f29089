import type { LookupAddress } from 'node:dns';
import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import type { Target } from '../domain/round.ts';

/** How long addresses of a host are used before they are looked up again, in milliseconds. */
const refreshMs = 10_000;

type Lookup = (host: string) => Promise<readonly LookupAddress[]>;

/**
 * The replicas to check: one for each URL of a service, or one for each address of its host, if it has several. A host of
 * several addresses is a service with replicas in Compose or a headless service in Kubernetes.
 */
export class Targets {
  readonly #urls: readonly Target[];
  readonly #lookup: Lookup;
  readonly #addresses = new Map<string, readonly Omit<Target, 'service'>[]>();
  #lookedUpAt = -Infinity;

  /** @param find Finds the addresses of a host. @default those of the system */
  constructor(
    watched: ReadonlyMap<string, readonly string[]>,
    find: Lookup = (host) => lookup(host, { all: true }),
  ) {
    this.#lookup = find;
    this.#urls = [...watched].flatMap(([service, urls]) => urls.map((url) => ({ service, url })));
  }

  /** The replicas now; looks their hosts up from time to time, for the next call. */
  current(): readonly Target[] {
    if (performance.now() - this.#lookedUpAt >= refreshMs) {
      this.#lookedUpAt = performance.now();
      void this.#lookUp();
    }
    return this.#urls.flatMap(({ service, url }) => {
      const addresses = this.#addresses.get(url);
      return addresses
        ? addresses.map((one) => ({ service, url: one.url, servername: one.servername }))
        : [{ service, url }];
    });
  }

  async #lookUp(): Promise<void> {
    await Promise.all(
      this.#urls.map(async ({ url }) => {
        const addresses = await addressesOf(url, this.#lookup);
        if (addresses.length > 1) this.#addresses.set(url, addresses);
        else this.#addresses.delete(url);
      }),
    );
  }
}

/** A URL for each address of its host. With https, their certificates name the host. */
async function addressesOf(url: string, find: Lookup): Promise<Omit<Target, 'service'>[]> {
  const { protocol, hostname } = new URL(url);
  if (hostname === 'localhost' || isIP(hostname.replace(/^\[|\]$/g, '')) !== 0) return [];
  // If it cannot be looked up, the check says so.
  const found = await find(hostname).catch(() => []);
  // One process has an address of each family.
  const same = found.filter(({ family }) => family === found[0]?.family);
  return same
    .map(({ address, family }) => {
      const one = new URL(url);
      one.hostname = family === 6 ? `[${address}]` : address;
      return { url: one.origin, servername: protocol === 'https:' ? hostname : undefined };
    })
    .toSorted((first, second) => (first.url < second.url ? -1 : 1));
}
