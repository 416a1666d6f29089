import type { Logger } from '@arcadium/mesh/telemetry';
import { MeshError } from '@arcadium/mesh/contract';
import type { PageContent, PageSource } from '../domain/page-content.ts';
import type { DiffSide, PageDiff } from '../domain/page-diff.ts';
import { FairBulkhead, NoPlaceError, type Entry } from '../fair-bulkhead.ts';
import { SlowSources } from './slow-sources.ts';
import { CutOffError, TextThread } from './text-thread.ts';

/** The caller that a text is parsed for; callers share the threads. */
export interface Asker {
  /** As returned by `sourceOf`. */
  readonly source: string;
  /** Cancels the wait for a turn. */
  readonly signal: AbortSignal;
}

/** Parses and compares the texts of pages on other threads. */
export interface PageReader {
  /**
   * Extracts the links, terms and plain text of a page. A text that exceeds the limits, which are far above
   * any normal text, is skimmed instead, with a warning.
   *
   * @param asker
   * @default a separate one
   * @throws MeshError SERVICE_UNAVAILABLE when too many texts are waiting, TOO_MANY_REQUESTS when too many of
   * the caller are; both are safe to retry.
   */
  read(source: PageSource, asker?: Asker): Promise<PageContent>;
  /** The changes from one revision to another. @throws as `read` */
  diff(from: DiffSide, to: DiffSide, asker: Asker): Promise<PageDiff>;
  /** Stops the threads. */
  close(): Promise<void>;
}

export interface PageReaderOptions {
  log: Pick<Logger, 'warn'>;
  /** Number of parsing threads, so that one slow page does not block the others. @default 2 */
  threads?: number;
  /** Longest wait for a turn, in milliseconds. @default 5000 */
  waitMs?: number;
  /** CPU time for one text, in milliseconds. @default 2000 */
  readMs?: number;
}

/** CPU time for a skim or a diff, in milliseconds; normally at most 50 and 200. */
const steadyMs = 5000;

/** Most waiting texts of one caller. */
const maxQueuedPerSource = 50;

/**
 * Creates the reader of a process. Parsing normally takes time in proportion to the text, but a few thousand
 * characters can keep the parser busy for minutes: hence threads, which can be terminated.
 *
 * Callers take turns, and none can use all parsing threads. Those whose texts were slow come last for a
 * while, and together leave one thread to the others. Skims and diffs have a separate thread.
 */
export function createPageReader({
  log,
  threads = 2,
  waitMs = 5000,
  readMs = 2000,
}: PageReaderOptions): PageReader {
  const idle = Array.from({ length: threads }, () => new TextThread());
  const places = new FairBulkhead({ maxInFlight: threads, maxQueuedPerSource, maxQueued: 1000 });
  // For work that is linear in the length of the text. Few at a time for each caller: diffs are long too, and
  // sending them blocks the event loop.
  const steady = new TextThread();
  const all = [...idle, steady];
  const steadyPlace = new FairBulkhead({ maxInFlight: 1, maxQueuedPerSource: 4 });
  const slow = new SlowSources();

  const inTurn = <Result>(source: unknown, entry: Entry, work: (thread: TextThread) => Promise<Result>) =>
    places.run(source, entry, async () => {
      // There is a thread for each place.
      const thread = idle.pop() as TextThread;
      try {
        return await work(thread);
      } finally {
        idle.push(thread);
      }
    });

  const readPage = async (thread: TextThread, page: PageSource, source: unknown): Promise<PageContent> => {
    const warn = (problem: string) =>
      log.warn(
        { slug: page.slug, problem },
        'parsing a page took too long; its links and terms are approximate',
      );
    steady.begin();
    try {
      const { answer, cpuMs } = await thread.ask('read', page, readMs);
      slow.note(source, cpuMs);
      if (answer.problem !== undefined) warn(answer.problem);
      return answer.content;
    } catch (error) {
      if (!(error instanceof CutOffError)) throw error;
      slow.note(source, readMs);
      warn(String(error));
      return skim(page, source);
    }
  };

  const skim = async (page: PageSource, source: unknown): Promise<PageContent> => {
    const work = () => steady.ask('skim', page, steadyMs);
    return (await steadyPlace.run(source, { signal: undefined, waitMs }, work)).answer;
  };

  return {
    read(page, asker) {
      const source = asker?.source ?? Symbol('alone');
      const entry = { signal: asker?.signal, waitMs, behind: slow.has(source) };
      return orBusy(inTurn(source, entry, (thread) => readPage(thread, page, source)));
    },
    diff(from, to, { source, signal }) {
      const make = async () => (await steady.ask('diff', [from, to], steadyMs)).answer;
      return orBusy(steadyPlace.run(source, { signal, waitMs }, make));
    },
    close: async () => void (await Promise.all(all.map((thread) => thread.close()))),
  };
}

/** @throws MeshError instead of a NoPlaceError. */
async function orBusy<Result>(work: Promise<Result>): Promise<Result> {
  try {
    return await work;
  } catch (error) {
    throw error instanceof NoPlaceError ? busy(error) : error;
  }
}

/**
 * A normal page is not skimmed because of overload, as it would lose its links for good; its author can try
 * again.
 */
function busy(cause: NoPlaceError): MeshError {
  const options = { retry: 'safe', retryAfterMs: 1000, cause } as const;
  return cause.reason === 'source-full'
    ? new MeshError('TOO_MANY_REQUESTS', 'You have too many pages being read; try again in a moment', options)
    : new MeshError('SERVICE_UNAVAILABLE', 'Too many pages are being read; try again in a moment', options);
}
