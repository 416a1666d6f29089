import { publicPart, type KeySet, type PublicJwk } from '@arcadium/mesh/identity';
import { generateSigningKey, type SigningKey } from '@arcadium/mesh/issuer';
import type { Logger } from '@arcadium/mesh/telemetry';
import { MeshError } from '@arcadium/mesh/contract';
import { describeDatabaseError, type DatabaseUrl } from '@arcadium/postgres/database';
import { Listener } from '@arcadium/postgres/listener';
import type { Seal } from '../domain/seal.ts';
import { sealKey } from '../domain/sealed-key.ts';
import { signerAmong } from '../domain/signing-keys.ts';
import type { Origin } from '../stores/audit-log.ts';
import type { KeyChange, SigningKeyStore, StoredKey } from '../stores/signing-key-store.ts';
import {
  addNextKey,
  recordEnvironmentKeys,
  removeOldKeys,
  rotateIfDue,
  withdrawKey,
  type KeyTools,
  type MadeKey,
  type Rotation,
} from '../stores/key-changes.ts';
import { KeyShelf, type EnvironmentKeys } from '../domain/key-shelf.ts';

/** What {@link KeyRing} needs. */
export interface KeyRingOptions {
  environment: EnvironmentKeys;
  store: SigningKeyStore;
  seal: Seal;
  /** For LISTEN: PostgreSQL itself, without a pooler. */
  databaseUrl: DatabaseUrl;
  log: Logger;
  now: () => Date;
  /** The earliest possible time, which decides when retired keys are removed. @default now */
  earliest?: () => Date;
  /** How long a key is published before it signs, in milliseconds. */
  leadMs: number;
  /** How long a key signs before the next one is created, in days; 0 for ever. */
  days: number;
  /** Interval of checks without a notification, in milliseconds. @default 60000 */
  everyMs?: number;
}

/**
 * After a query for an unknown id, further ones trigger no query for this time, in milliseconds: invented ids
 * must not cause load.
 */
const askAgainAfterMs = 1000;

/** Interval of checks without a notification, in milliseconds. */
const lookAfterEveryMs = 60_000;

/**
 * The keys that sign and verify tokens, the same in every replica. They are stored in the database, and each
 * process keeps them in memory. Which one signs follows from the time alone, so all replicas switch at the
 * same moment.
 */
export class KeyRing {
  readonly #options: KeyRingOptions;
  readonly #shelf: KeyShelf;
  readonly #listener: Listener;
  #environment: EnvironmentKeys;
  #keys: readonly StoredKey[] | undefined;
  #loading: Promise<void> | undefined;
  #loadedAt = -Infinity;
  /** Whether the last query succeeded. */
  #fresh = false;
  #caring: Promise<void> | undefined;
  /** When the keys were last checked, by the clock they follow. */
  #caredAt = -Infinity;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: KeyRingOptions) {
    this.#options = options;
    this.#environment = options.environment;
    this.#shelf = new KeyShelf(options.seal, options.log);
    this.#listener = new Listener({
      url: options.databaseUrl,
      channel: 'auth_signing_keys',
      onConnect: () => this.readAgain(),
      onPayload: () => this.readAgain(),
      log: options.log,
    });
  }

  /** Verifies tokens: with the keys of the environment until the database has answered. */
  readonly keySet: KeySet = {
    find: async (kid) => {
      const mayAsk = this.#loading !== undefined || performance.now() - this.#loadedAt >= askAgainAfterMs;
      if (!this.#shelf.verifier(kid) && mayAsk) await this.reload().catch(() => {});
      const key = this.#shelf.verifier(kid);
      // Another replica may have created it: only a ring that has just read the keys may say that it is
      // unknown.
      if (!key && !this.#fresh)
        throw new MeshError('SERVICE_UNAVAILABLE', 'The signing keys could not be read');
      return key;
    },
    trusted: { has: (kid) => this.#shelf.verifier(kid) !== undefined },
    close: () => {},
  };

  /** Prepares the keys of the environment for verifying, without the database. */
  async prepare(): Promise<void> {
    await this.#shelf.addEnvironment(this.#environment);
  }

  /**
   * Replaces keys of the environment. A new first key signs after the lead time; a key that is no longer there goes on
   * until then.
   */
  async useEnvironment(changed: Partial<EnvironmentKeys>): Promise<void> {
    const environment = { ...this.#environment, ...changed };
    await this.#shelf.addEnvironment(environment);
    this.#environment = environment;
    await this.#change((change, tools) => recordEnvironmentKeys(change, environment, tools));
    await this.#reloadAfterChange();
  }

  /** Records the keys of the environment, reads all keys, and checks them from now on. */
  async start(): Promise<void> {
    await this.#change((change, tools) => recordEnvironmentKeys(change, this.#environment, tools));
    await this.care();
    this.#listener.start();
    this.#timer = setInterval(
      () => void this.#careInBackground(),
      this.#options.everyMs ?? lookAfterEveryMs,
    ).unref();
  }

  /** Stops checking; known keys stay. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.#listener.stop();
    await this.#caring?.catch(() => {});
    await this.#loading?.catch(() => {});
  }

  /**
   * The key that signs now.
   *
   * @throws MeshError SERVICE_UNAVAILABLE when no private key is available.
   */
  readonly signer = (): SigningKey => {
    const { now, everyMs = lookAfterEveryMs } = this.#options;
    // After a suspension, more time has passed than the timers noticed.
    if (this.#keys && now().getTime() - this.#caredAt >= everyMs) void this.#careInBackground();
    const found = signerAmong(this.keys, this.#shelf.atHand, now());
    const key = found && this.#shelf.signer(found.kid);
    if (!key) throw new MeshError('SERVICE_UNAVAILABLE', 'No signing key is available');
    return key;
  };

  /** The key to sign again what it signed before; `undefined` if its private part is not available. */
  async signerOf(kid: string): Promise<SigningKey | undefined> {
    if (!this.#shelf.signer(kid)) await this.reload();
    return this.#shelf.signer(kid);
  }

  /** All keys ever recorded; none until the database has answered once. */
  get keys(): readonly StoredKey[] {
    return this.#keys ?? [];
  }

  /** @throws Error for an unknown id. */
  find(kid: string): StoredKey {
    const key = this.keys.find((one) => one.kid === kid);
    if (!key) throw new Error(`There is no key ${kid}`);
    return key;
  }

  /** The content of `/.well-known/jwks.json`; `undefined` until the database has answered once. */
  jwks(): { keys: PublicJwk[] } | undefined {
    const published = this.#keys?.filter(({ removedAt }) => removedAt === null);
    return published && { keys: published.map(({ publicJwk }) => publicJwk as PublicJwk) };
  }

  /** How long the JWKS may be cached, in seconds, so that caches are refreshed before a new key signs. */
  get jwksMaxAge(): number {
    return Math.floor(Math.min(300, this.#options.leadMs / 3000));
  }

  /** Creates the next key, unless one is already waiting. */
  async rotate(by: Origin): Promise<Rotation> {
    const key = await this.#make();
    const rotation = await this.#change(
      (change, tools) => addNextKey(change, { key, by, why: 'asked' }, tools),
      by,
    );
    await this.#reloadAfterChange();
    return rotation;
  }

  /** Removes a key at once. @returns Whether it exists. */
  async withdraw(kid: string, by: Origin): Promise<boolean> {
    const successor = await this.#make();
    const known = await this.#change(
      (change, tools) => withdrawKey(change, { kid, successor, by }, tools),
      by,
    );
    await this.#reloadAfterChange();
    // All its tokens are invalid by now; with very many tokens, their rows remain to be marked.
    for (let more = known; more;) more = await this.#change((change, { now }) => change.voidTokens(kid, now));
    return known;
  }

  /** Reads the keys; concurrent callers share one query. */
  reload(): Promise<void> {
    return (this.#loading ??= this.#load().finally(() => {
      this.#loading = undefined;
      this.#loadedAt = performance.now();
    }));
  }

  /** Reads the keys, creates the next one if it is due, and removes those that no valid token needs. */
  async care(): Promise<void> {
    this.#caredAt = this.#options.now().getTime();
    await this.reload();
    const changed = await this.#change(async (change, tools) => {
      const removed = await removeOldKeys(change, tools);
      return (await rotateIfDue(change, () => this.#make(), tools)) || removed;
    });
    if (changed) await this.#reloadAfterChange();
  }

  async #load(): Promise<void> {
    try {
      const keys = await this.#options.store.all();
      await this.#shelf.update(keys);
      this.#keys = keys;
      this.#fresh = true;
    } catch (error) {
      this.#fresh = false;
      throw error;
    }
  }

  /** Reads the keys again after a change, even during a query, whose result may be older. */
  readAgain(): void {
    // Not before `start()` has read them: the database may not be migrated yet.
    if (!this.#keys) return;
    void this.#reloadAfterChange().catch((error: unknown) => this.#sayStale(error));
  }

  #careInBackground(): Promise<void> {
    return (this.#caring ??= this.care()
      .catch((error: unknown) => this.#sayStale(error))
      .finally(() => (this.#caring = undefined)));
  }

  #sayStale(error: unknown): void {
    this.#options.log.warn(
      { reason: describeDatabaseError(error) },
      'the signing keys could not be read; known keys stay in force',
    );
  }

  async #make(): Promise<MadeKey> {
    const jwk = await generateSigningKey();
    return { jwk: publicPart(jwk), sealedPrivate: sealKey(this.#options.seal, jwk) };
  }

  async #reloadAfterChange(): Promise<void> {
    // The query in progress may have read older keys.
    await this.#loading?.catch(() => {});
    await this.reload();
  }

  /** Runs a change. It knows all available private keys, including those just created elsewhere. */
  #change<Result>(
    work: (change: KeyChange, tools: KeyTools) => Promise<Result>,
    by?: Origin,
  ): Promise<Result> {
    const { store, now, earliest = now, leadMs, days, log } = this.#options;
    return store.change(async (change) => {
      await this.#shelf.update(change.keys);
      return work(change, {
        now: now(),
        earliest: earliest(),
        leadMs,
        days,
        log,
        atHand: this.#shelf.atHand,
      });
    }, by);
  }
}
