import type { SteadyClock } from '../../clock/index.ts';
import type { Logger } from '../../telemetry/index.ts';
import { MeshError } from '../../wire/index.ts';
import { KeyRefresh } from '../keys/key-refresh.ts';
import { discover } from './discovery.ts';
import { fetchDocument } from './fetch-document.ts';
import { KeyCopy } from './key-copy.ts';
import { readProviderKeys, type ProviderKey } from './public-keys.ts';

/** Where the keys of a provider are. */
export type KeySource = Readonly<{
  issuer: string;
  /** @default found by discovery */
  jwksUrl?: string | undefined;
  /** A JWK set, instead of one to fetch. */
  publicKeys?: unknown;
  /** Directory of the local copy. @default no copy is kept */
  stateDir?: string | undefined;
}>;

/**
 * The public keys of a provider. Fetched ones are replaced by each later answer, so a withdrawn key is trusted for up to
 * five minutes; while the provider does not answer, the last ones stay in force.
 */
export class ProviderKeys {
  readonly #fetching: KeyRefresh | undefined;
  readonly #loading: Promise<unknown>;
  /** The ids of its keys. */
  readonly trusted = new Set<string>();
  #keys: readonly ProviderKey[] = [];
  #jwksUrl: string | undefined;

  readonly #copy: KeyCopy | undefined;

  constructor(source: KeySource, { clock, log }: { clock: SteadyClock; log: Logger }) {
    const { issuer, stateDir } = source;
    if (source.publicKeys === undefined) {
      const from = (): string => this.#jwksUrl ?? source.jwksUrl ?? issuer;
      this.#fetching = new KeyRefresh({ fetch: () => this.#fetch(source), from, clock, log });
      this.#copy = stateDir === undefined ? undefined : new KeyCopy(stateDir, issuer, log);
      this.#loading = this.#load(this.#fetching);
    } else {
      this.#loading = readProviderKeys(source.publicKeys).then(
        (keys) => this.#use(keys),
        (error: unknown) => log.error({ err: error }, 'publicKeys cannot be used: every token is refused'),
      );
    }
  }

  /**
   * The one key for a token. Fetches the keys again if there is none, at most once in ten seconds.
   *
   * @param kid Of the token; without one, the only key for the algorithm.
   * @throws MeshError SERVICE_UNAVAILABLE while no keys could be fetched.
   */
  async find(alg: string, kid: string | undefined): Promise<ProviderKey | undefined> {
    if (this.#keys.length === 0) await this.#loading;
    const found = this.#select(alg, kid);
    if (found || !this.#fetching) return found;
    await this.#fetching.refreshForUnknown();
    if (this.#keys.length === 0) {
      const message = 'The keys of the identity provider cannot be fetched, so no token can be verified';
      throw new MeshError('SERVICE_UNAVAILABLE', message, { retry: 'safe' });
    }
    return this.#select(alg, kid);
  }

  close(): void {
    this.#fetching?.close();
  }

  #select(alg: string, kid: string | undefined): ProviderKey | undefined {
    const fit = this.#keys.filter((key) => (kid === undefined || key.kid === kid) && key.algorithms.has(alg));
    return fit.length === 1 ? fit[0] : undefined;
  }

  /** Uses the local copy until the first answer; without a copy, waits for that. */
  async #load(fetching: KeyRefresh): Promise<void> {
    const copied = await this.#copy?.load();
    if (copied && this.#keys.length === 0) this.#use(copied);
    if (this.#keys.length === 0) await fetching.refresh();
  }

  async #fetch({ issuer, jwksUrl }: KeySource): Promise<string> {
    const url = jwksUrl ?? this.#jwksUrl ?? (await keysOf(issuer));
    try {
      const set = await fetchDocument(url);
      this.#use(await readProviderKeys(set));
      void this.#copy?.keep(set);
    } catch (error) {
      // They may have moved.
      this.#jwksUrl = undefined;
      throw error;
    }
    this.#jwksUrl = url;
    return url;
  }

  #use(keys: readonly ProviderKey[]): void {
    this.#keys = keys;
    this.trusted.clear();
    for (const { id } of keys) this.trusted.add(id);
  }
}

async function keysOf(issuer: string): Promise<string> {
  const { jwks_uri: url } = await discover(issuer);
  if (url === undefined) throw new TypeError(`the metadata of ${issuer} names no jwks_uri`);
  return url;
}
