import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from '@arcadium/mesh/telemetry';
import { describeDatabaseError } from '@arcadium/postgres/database';
import type { PrismaClient } from '@arcadium/prisma/auth';
import type { Seal } from '../domain/seal.ts';
import { renewSealed } from '../stores/sealed-secrets.ts';

export interface ReencryptionOptions {
  database: PrismaClient;
  seal: Seal;
  log: Logger;
  /** Interval of the runs, in milliseconds. @default 60000 */
  everyMs?: number;
}

/**
 * While ENCRYPTION_KEY has older keys, encrypts with the first one what is encrypted with another: at start, when the keys
 * change, and every minute, because other replicas may not have the new keys yet. Logs when nothing needs the older keys.
 */
export class Reencryption {
  readonly #options: ReencryptionOptions;
  readonly #stopping = new AbortController();
  #bell = Promise.withResolvers<void>();
  #running: Promise<void> | undefined;

  constructor(options: ReencryptionOptions) {
    this.#options = options;
  }

  start(): void {
    this.#running ??= this.#run();
  }

  /** To be called when the keys of the seal have changed. */
  keysChanged(): void {
    this.#bell.resolve();
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { seal, everyMs = 60_000 } = this.#options;
    const { signal } = this.#stopping;
    let told = false;
    while (!signal.aborted) {
      if (seal.hasOlderKeys) told = await this.#renew(told);
      else told = false;
      const pause = delay(everyMs, undefined, { ref: false, signal }).catch(() => {});
      if (await Promise.race([this.#bell.promise.then(() => true), pause.then(() => false)])) {
        this.#bell = Promise.withResolvers();
        told = false;
      }
    }
  }

  /** @param told Whether it was logged that nothing is left. @returns Whether it was, now. */
  async #renew(told: boolean): Promise<boolean> {
    const { database, seal, log } = this.#options;
    try {
      const { renewed, unreadable } = await renewSealed(database, seal);
      if (renewed === 0 && told) return true;
      const fields = { renewed, unreadable };
      log.info(
        fields,
        'everything stored is encrypted with the first ENCRYPTION_KEY; the others can be removed',
      );
      return true;
    } catch (error) {
      const reason = describeDatabaseError(error);
      log.warn(
        { reason },
        'stored secrets could not be encrypted with the first ENCRYPTION_KEY, trying again',
      );
      return false;
    }
  }
}
