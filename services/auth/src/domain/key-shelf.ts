import { importKey, publicJwk, publicPart, type PublicJwk } from '@arcadium/mesh/identity';
import { importSigningKey, type PrivateJwk, type SigningKey } from '@arcadium/mesh/issuer';
import type { Logger } from '@arcadium/mesh/telemetry';
import type { Seal } from './seal.ts';
import { openKey } from './sealed-key.ts';

type CryptoKey = SigningKey['key'];

/** The keys of the environment. */
export interface EnvironmentKeys {
  /** With their private parts; the first one signs. */
  signing: readonly [PrivateJwk, ...PrivateJwk[]];
  /** More keys, public parts only. */
  publicOnly: readonly PublicJwk[];
}

/** A key as the database has it. */
interface StoredKey {
  readonly kid: string;
  readonly publicJwk: unknown;
  /** The encrypted private part; null if it is not stored. */
  readonly sealedPrivate: Uint8Array | null;
  readonly removedAt: Date | null;
}

/** Imported keys by id, imported once each, because importing costs more than signing. */
export class KeyShelf {
  readonly #seal: Seal;
  readonly #log: Logger;
  #environment: ReadonlyMap<string, PrivateJwk> = new Map();
  readonly #public = new Map<string, CryptoKey>();
  readonly #private = new Map<string, SigningKey>();
  /** Keys already reported as unusable. */
  readonly #useless = new Set<string>();

  constructor(seal: Seal, log: Logger) {
    this.#seal = seal;
    this.#log = log;
  }

  /** Imports the public keys of the environment; the private ones are imported once they are stored. */
  async addEnvironment({ signing, publicOnly }: EnvironmentKeys): Promise<void> {
    this.#environment = new Map(signing.map((jwk) => [jwk.kid, jwk]));
    for (const jwk of [...signing.map(publicPart), ...publicOnly])
      if (!this.#public.has(jwk.kid)) this.#public.set(jwk.kid, await importKey(jwk));
  }

  /** Imports new stored keys, and forgets removed ones. */
  async update(keys: readonly StoredKey[]): Promise<void> {
    for (const key of keys) {
      if (key.removedAt) this.#forget(key.kid);
      else await this.#add(key);
    }
  }

  verifier(kid: string): CryptoKey | undefined {
    return this.#public.get(kid);
  }

  /** The key to sign with; `undefined` if its private part is not available. */
  signer(kid: string): SigningKey | undefined {
    return this.#private.get(kid);
  }

  /** The ids of keys whose private part is available. */
  get atHand(): ReadonlySet<string> {
    return new Set(this.#private.keys());
  }

  #forget(kid: string): void {
    this.#public.delete(kid);
    this.#private.delete(kid);
  }

  async #add({ kid, publicJwk: stored, sealedPrivate }: StoredKey): Promise<void> {
    if (!this.#public.has(kid)) this.#public.set(kid, await importKey(publicJwk.parse(stored)));
    if (this.#private.has(kid)) return;
    const jwk = this.#environment.get(kid) ?? (sealedPrivate && this.#open(kid, sealedPrivate));
    if (jwk) this.#private.set(kid, await importSigningKey(jwk));
  }

  /** A key that cannot be decrypted still verifies; the others still sign. */
  #open(kid: string, sealed: Uint8Array): PrivateJwk | undefined {
    try {
      return openKey(this.#seal, kid, sealed);
    } catch (error) {
      if (!this.#useless.has(kid)) {
        this.#useless.add(kid);
        this.#log.error(
          { kid, reason: error instanceof Error ? error.message : String(error) },
          'a signing key cannot be decrypted with this ENCRYPTION_KEY and does not sign; tokens it signed stay valid',
        );
      }
      return undefined;
    }
  }
}
