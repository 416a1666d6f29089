import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from '@arcadium/mesh/telemetry';
import type { PageReader } from '../reader/page-reader.ts';
import { findStalePage, storeContent } from '../stores/stale-pages.ts';
import type { Database } from '../stores/transaction.ts';

/** What {@link Reindexing} needs. */
export interface ReindexingOptions {
  database: Database;
  reader: PageReader;
  log: Pick<Logger, 'info' | 'warn'>;
  /** Wait between two runs, in milliseconds: while versions are mixed, another one may write pages. @default 60000 */
  everyMs?: number;
}

const first = '00000000-0000-0000-0000-000000000000';
/** As a user who saves one page after the other. */
const source = 'reindexing';

/**
 * Reads again the pages that another version of the service wrote, one at a time, so that search and index have their
 * words: at the start, and then again and again. Every replica may have one.
 */
export class Reindexing {
  readonly #options: ReindexingOptions;
  readonly #stopping = new AbortController();
  #running: Promise<void> | undefined;

  constructor(options: ReindexingOptions) {
    this.#options = options;
  }

  /** Begins. */
  start(): void {
    this.#running ??= this.#run();
  }

  /** Lets the page under way be stored. May be called again. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#running;
  }

  /** Every such page once. @returns how many were stored. */
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
      await delay(everyMs, undefined, { ref: false, signal }).catch(() => {}); // cut short by stop()
    }
  }
}
