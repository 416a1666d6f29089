import {
  generateSigningKey,
  publicPart,
  type KeySet,
  type PublicJwk,
  type SigningKey,
} from '@arcadium/mesh/identity';
import type { Logger } from '@arcadium/mesh/telemetry';
import { MeshError } from '@arcadium/mesh/wire';
import { describeDatabaseError } from '@arcadium/prisma/database';
import { Listener } from '@arcadium/prisma/listener';
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
} from './key-changes.ts';
import { KeyShelf, type EnvironmentKeys } from './key-shelf.ts';

/** What {@link KeyRing} needs. */
export interface KeyRingOptions {
  environment: EnvironmentKeys;
  store: SigningKeyStore;
  seal: Seal;
  /** For the connection that listens for changes: PostgreSQL itself, no pooler. */
  databaseUrl: string;
  log: Logger;
  now: () => Date;
  /** The earliest time that it may be: retired keys are taken out by it. @default now */
  earliest?: () => Date;
  /** For how long a key is published before it signs, in milliseconds. */
  leadMs: number;
  /** For how long a key signs before the next one is made, in days; 0 for ever. */
  days: number;
  /** How often the keys are looked after without being told, in milliseconds. @default 60000 */
  everyMs?: number;
}

/** How long after one question to the database an unknown id makes no other, in milliseconds: whoever invents ids must not make load. */
const askAgainAfterMs = 1000;

/** How often the keys are looked after without being told, in milliseconds. */
const lookAfterEveryMs = 60_000;

/**
 * The keys that tokens are signed and verified with, the same in every
 * replica: they lie in the database, and each process holds them ready. Which
 * one signs follows from the time alone, so all change over in the same moment.
 */
export class KeyRing {
  readonly #options: KeyRingOptions;
  readonly #shelf: KeyShelf;
  readonly #listener: Listener;
  #keys: readonly StoredKey[] | undefined;
  #loading: Promise<void> | undefined;
  #loadedAt = -Infinity;
  /** Whether the database answered the last question. */
  #fresh = false;
  #caring: Promise<void> | undefined;
  /** When the keys were looked after, by the clock that they go by. */
  #caredAt = -Infinity;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: KeyRingOptions) {
    this.#options = options;
    this.#shelf = new KeyShelf(options.environment, options.seal, options.log);
    this.#listener = new Listener({
      url: options.databaseUrl,
      channel: 'auth_signing_keys',
      onConnect: () => this.readAgain(),
      onPayload: () => this.readAgain(),
      logger: options.log,
    });
  }

  /** What verifies tokens. Until the database has answered, the keys of the environment do. */
  readonly keySet: KeySet = {
    find: async (kid) => {
      const mayAsk = this.#loading !== undefined || performance.now() - this.#loadedAt >= askAgainAfterMs;
      if (!this.#shelf.verifier(kid) && mayAsk) await this.reload().catch(() => {});
      const key = this.#shelf.verifier(kid);
      // Another replica may have made it: “not known” is only said by one that has looked.
      if (!key && !this.#fresh)
        throw new MeshError('SERVICE_UNAVAILABLE', 'The signing keys could not be read');
      return key;
    },
    has: (kid) => this.#shelf.verifier(kid) !== undefined,
    close: () => {},
  };

  /** Makes the keys of the environment ready to verify with; needs no database. */
  async prepare(): Promise<void> {
    const { signing, publicOnly } = this.#options.environment;
    await this.#shelf.addPublic([...signing.map(publicPart), ...publicOnly]);
  }

  /** Records the keys of the environment, reads all, and looks after them from now on. */
  async start(): Promise<void> {
    await this.#change((change, tools) => recordEnvironmentKeys(change, this.#options.environment, tools));
    await this.care();
    this.#listener.start();
    this.#timer = setInterval(
      () => void this.#careInBackground(),
      this.#options.everyMs ?? lookAfterEveryMs,
    ).unref();
  }

  /** Ends that; what is known stays. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.#listener.stop();
    await this.#caring?.catch(() => {});
    await this.#loading?.catch(() => {});
  }

  /**
   * The key that signs at this moment.
   *
   * @throws MeshError SERVICE_UNAVAILABLE when no private key is at hand.
   */
  readonly signer = (): SigningKey => {
    const { now, everyMs = lookAfterEveryMs } = this.#options;
    // A process that was suspended finds that more time has passed than its timers know of.
    if (this.#keys && now().getTime() - this.#caredAt >= everyMs) void this.#careInBackground();
    const found = signerAmong(this.keys, this.#shelf.atHand, now());
    const key = found && this.#shelf.signer(found.kid);
    if (!key) throw new MeshError('SERVICE_UNAVAILABLE', 'No signing key is available');
    return key;
  };

  /** One key, ready to sign again what it signed, where its private part is at hand. */
  async signerOf(kid: string): Promise<SigningKey | undefined> {
    if (!this.#shelf.signer(kid)) await this.reload();
    return this.#shelf.signer(kid);
  }

  /** Every key that was ever recorded; none until the database has answered once. */
  get keys(): readonly StoredKey[] {
    return this.#keys ?? [];
  }

  /** @throws Error when there is none with this id. */
  find(kid: string): StoredKey {
    const key = this.keys.find((one) => one.kid === kid);
    if (!key) throw new Error(`There is no key ${kid}`);
    return key;
  }

  /** What `/.well-known/jwks.json` answers; `undefined` until the database has answered once. */
  jwks(): { keys: PublicJwk[] } | undefined {
    const published = this.#keys?.filter(({ removedAt }) => removedAt === null);
    return published && { keys: published.map(({ publicJwk }) => publicJwk as PublicJwk) };
  }

  /** For how long that may be kept, in seconds: whoever keeps it has asked again before a new key signs. */
  get jwksMaxAge(): number {
    return Math.floor(Math.min(300, this.#options.leadMs / 3000));
  }

  /** Makes the next key, unless one waits already. */
  async rotate(by: Origin): Promise<Rotation> {
    const key = await this.#make();
    const rotation = await this.#change(
      (change, tools) => addNextKey(change, { key, by, why: 'asked' }, tools),
      by,
    );
    await this.#reloadAfterChange();
    return rotation;
  }

  /** Takes a key out at once; answers whether there is one with this id. */
  async withdraw(kid: string, by: Origin): Promise<boolean> {
    const successor = await this.#make();
    const known = await this.#change(
      (change, tools) => withdrawKey(change, { kid, successor, by }, tools),
      by,
    );
    await this.#reloadAfterChange();
    // All that it signed is void by now; what is left are the marks of very many tokens.
    for (let more = known; more;) more = await this.#change((change, { now }) => change.voidTokens(kid, now));
    return known;
  }

  /** Reads the keys; a question under way is the answer for all who come meanwhile. */
  reload(): Promise<void> {
    return (this.#loading ??= this.#load().finally(() => {
      this.#loading = undefined;
      this.#loadedAt = performance.now();
    }));
  }

  /** Reads the keys, makes the next one if it is time for that, and removes what no token needs any more. */
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

  /** Something was changed, also while a question was under way, whose answer may be older. */
  readAgain(): void {
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
    // One that is under way may have read the keys before.
    await this.#loading?.catch(() => {});
    await this.reload();
  }

  /** Runs a change; who makes one knows by then which private keys are at hand, those just made elsewhere included. */
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
