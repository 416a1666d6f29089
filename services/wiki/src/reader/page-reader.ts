import type { Logger } from '@arcadium/mesh/telemetry';
import { MeshError } from '@arcadium/mesh/wire';
import { contentOf, type PageContent, type PageSource } from '../domain/page-content.ts';
import { skimMarkdown } from '../domain/skim.ts';
import { BusyError, createReadingThread, type ReadingLimits } from './reading-thread.ts';

/** Finds the links, the terms and the plain text of pages, beside the thread that answers calls. */
export interface PageReader {
  /**
   * Reads a page. One that cannot be parsed within the limits, which no honest
   * one comes near, is skimmed instead, and a warning says so.
   *
   * @throws MeshError SERVICE_UNAVAILABLE when too many pages wait already.
   */
  read(source: PageSource): Promise<PageContent>;
  /** Ends the threads once they have read what they have. */
  close(): Promise<void>;
}

/** How a reader is made. */
export interface PageReaderOptions extends Partial<ReadingLimits> {
  log: Pick<Logger, 'warn'>;
  /** How many threads, so that one odd page does not hold up the others. @default 2 */
  threads?: number;
}

/**
 * Makes the reader of a process. Parsing markdown takes time in proportion to
 * the text, but some few thousand characters are enough to keep the parser
 * busy for minutes: hence threads, which can be ended.
 */
export function createPageReader({
  log,
  threads = 2,
  waitMs = 5000,
  readMs = 3000,
}: PageReaderOptions): PageReader {
  const pool = Array.from({ length: threads }, () => createReadingThread({ waitMs, readMs }));
  return {
    async read(source) {
      const thread = pool.reduce((least, one) => (one.load < least.load ? one : least));
      try {
        const { content, problem } = await thread.read(source);
        if (problem !== undefined) log.warn({ slug: source.slug, problem }, 'page could only be skimmed');
        return content;
      } catch (error) {
        // To skim an honest page because others are odd would lose its links for good; its author can try again.
        if (error instanceof BusyError) {
          throw new MeshError(
            'SERVICE_UNAVAILABLE',
            'Too many pages are being saved; try again in a moment',
            { cause: error },
          );
        }
        log.warn({ slug: source.slug, problem: String(error) }, 'page could only be skimmed');
        return contentOf(source, skimMarkdown(source.body));
      }
    },
    close: async () => void (await Promise.all(pool.map((thread) => thread.close()))),
  };
}
