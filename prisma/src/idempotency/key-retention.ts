import { setTimeout as delay } from 'node:timers/promises';

import type { Logger } from '../logger.ts';

/** What {@link KeyRetention} needs. */
export interface KeyRetentionOptions {
  /** A service's generated Prisma client, whose schema has a table `idempotency_keys`. */
  client: { $executeRaw(sql: TemplateStringsArray, ...values: unknown[]): PromiseLike<number> };
  logger: Logger;
  /** Wait between two runs, in milliseconds. @default 600000 */
  everyMs?: number;
  /** Most rows deleted by one statement. @default 1000 */
  batch?: number;
}

/**
 * Forgets idempotency keys that are 24 hours old, with the answers kept beside
 * them: at the start, and then every ten minutes. Every replica may have one.
 */
export class KeyRetention {
  readonly #options: KeyRetentionOptions;
  readonly #stopping = new AbortController();
  #running: Promise<void> | undefined;

  constructor(options: KeyRetentionOptions) {
    this.#options = options;
  }

  /** Begins. */
  start(): void {
    this.#running ??= this.#run();
  }

  /** Makes no further run and lets the statement under way end. May be called again. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#running;
  }

  /**
   * One run: batch after batch until nothing is left that no other process is at, or `stop()`.
   *
   * @returns how many were deleted.
   */
  async runOnce(): Promise<number> {
    const { client, batch = 1000 } = this.#options;
    for (let total = 0; ;) {
      const deleted = await client.$executeRaw`
        DELETE FROM idempotency_keys WHERE (caller, procedure, key) IN (
          SELECT caller, procedure, key FROM idempotency_keys
          WHERE created_at < now() - interval '24 hours'
          ORDER BY created_at LIMIT ${batch}::int
          FOR UPDATE SKIP LOCKED
        )`;
      total += deleted;
      if (deleted < batch || this.#stopping.signal.aborted) return total;
    }
  }

  async #run(): Promise<void> {
    const { logger, everyMs = 600_000 } = this.#options;
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      try {
        const deleted = await this.runOnce();
        if (deleted > 0) logger.info({ deleted }, 'idempotency keys of yesterday were forgotten');
      } catch (error) {
        logger.warn({ err: error }, 'idempotency keys could not be forgotten, the next run tries again');
      }
      await delay(everyMs, undefined, { ref: false, signal }).catch(() => {}); // cut short by stop()
    }
  }
}
