import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from '@arcadium/mesh/telemetry';
import type { PageReader } from '../reader/page-reader.ts';
import { findStalePage, storeContent } from '../stores/stale-pages.ts';
import type { Database } from '../stores/transaction.ts';

export interface ReindexingOptions {
  database: Database;
  reader: PageReader;
  log: Pick<Logger, 'info' | 'warn'>;
  /**
   * Interval of the runs, in milliseconds: while versions are mixed, another one may write pages.
   *
   * @default 60000
   */
  everyMs?: number;
}

const first = '00000000-0000-0000-0000-000000000000';
/** Counts as one user who saves pages one after the other. */
const source = 'reindexing';

/**
 * Indexes pages that another version of the service wrote, one at a time: at start, and then periodically.
 * Every replica may run it.
 */
export class Reindexing {
  readonly #options: ReindexingOptions;
  readonly #stopping = new AbortController();
  #running: Promise<void> | undefined;

  constructor(options: ReindexingOptions) {
    this.#options = options;
  }

  start(): void {
    this.#running ??= this.#run();
  }

  /** Waits until the current page is stored. May be called several times. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#running;
  }

  /** Indexes every such page once. @returns The number of pages stored. */
  async runOnce(): Promise<number> {
    const { database, reader, log } = this.#options;
    const { signal } = this.#stopping;
    let stored = 0;
    let after = first;
    while (!signal.aborted) {
      const page = await findStalePage(database, after);
      if (!page) break;
      after = page.id;
      try {
        const { id, revision, slug, title, body } = page;
        const content = await reader.read({ slug, title, body }, { source, signal });
        if (await storeContent(database, { id, revision, slug, title, body }, content)) stored += 1;
      } catch (error) {
        if (signal.aborted) break;
        log.warn({ err: error, page_id: page.id }, 'page could not be indexed, the next run tries again');
      }
    }
    return stored;
  }

  async #run(): Promise<void> {
    const { log, everyMs = 60_000 } = this.#options;
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      try {
        const pages = await this.runOnce();
        if (pages > 0) log.info({ pages }, 'indexed pages that another version had written');
      } catch (error) {
        log.warn({ err: error }, 'pages could not be indexed, the next run tries again');
      }
      await delay(everyMs, undefined, { ref: false, signal }).catch(() => {}); // ended early by stop()
    }
  }
}
