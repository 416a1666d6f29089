import { FairBulkhead, NoPlaceError, type Entry } from '@arcadium/mesh/resilience';
import type { Logger } from '@arcadium/mesh/telemetry';
import { MeshError } from '@arcadium/mesh/wire';
import type { PageContent, PageSource } from '../domain/page-content.ts';
import type { DiffSide, PageDiff } from '../domain/page-diff.ts';
import { SlowSources } from './slow-sources.ts';
import { CutOffError, TextThread } from './text-thread.ts';

/** Whom a text is read for: sources share the threads. */
export interface Asker {
  /** As `sourceOf` has it. */
  readonly source: string;
  /** Gives up where its turn has not come. */
  readonly signal: AbortSignal;
}

/** Works on the texts of pages, beside the thread that answers calls. */
export interface PageReader {
  /**
   * Finds the links, the terms and the plain text of a page. One that cannot be parsed within the limits, which no
   * honest one comes near, is skimmed instead, and a warning says so.
   *
   * @param asker @default one of its own
   * @throws MeshError SERVICE_UNAVAILABLE when too many texts wait already, TOO_MANY_REQUESTS when too many of the
   * asker do; both are safe to be made again.
   */
  read(source: PageSource, asker?: Asker): Promise<PageContent>;
  /** What changed from one revision to another. @throws as `read` */
  diff(from: DiffSide, to: DiffSide, asker: Asker): Promise<PageDiff>;
  /** Ends the threads. */
  close(): Promise<void>;
}

/** How a reader is made. */
export interface PageReaderOptions {
  log: Pick<Logger, 'warn'>;
  /** How many threads parse, so that one odd page does not hold up the others. @default 2 */
  threads?: number;
  /** Longest wait for the texts before it, in milliseconds. @default 5000 */
  waitMs?: number;
  /** How much of the processor's time a text may take, in milliseconds. @default 2000 */
  readMs?: number;
}

/** How much of the processor's time a skim or a diff may take, in milliseconds: some 50 and 200 are usual at most. */
const steadyMs = 5000;

/** How many texts of one asker may wait. */
const maxQueuedPerSource = 50;

/**
 * Makes the reader of a process. Parsing markdown takes time in proportion to the text, but some few thousand characters
 * are enough to keep the parser busy for minutes: hence threads, which can be ended.
 *
 * Askers take turns, and none has all threads that parse. Those whose texts were slow to read come last for a while, and
 * together leave a thread to the others. Another thread is for skims and diffs.
 */
export function createPageReader({
  log,
  threads = 2,
  waitMs = 5000,
  readMs = 2000,
}: PageReaderOptions): PageReader {
  const idle = Array.from({ length: threads }, () => new TextThread());
  const places = new FairBulkhead({ maxInFlight: threads, maxQueuedPerSource, maxQueued: 1000 });
  // For what takes no longer than its text is long. Of one asker few at a time: what a diff answers is long as well, and
  // to write it takes the thread that answers calls.
  const steady = new TextThread();
  const all = [...idle, steady];
  const steadyPlace = new FairBulkhead({ maxInFlight: 1, maxQueuedPerSource: 4 });
  const slow = new SlowSources();

  const inTurn = <Result>(source: unknown, entry: Entry, work: (thread: TextThread) => Promise<Result>) =>
    places.run(source, entry, async () => {
      // There are as many as places.
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

/** To skim an honest page because others are odd would lose its links for good; its author can try again. */
function busy(cause: NoPlaceError): MeshError {
  const options = { retry: 'safe', retryAfterMs: 1000, cause } as const;
  return cause.reason === 'source-full'
    ? new MeshError('TOO_MANY_REQUESTS', 'You have too many pages being read; try again in a moment', options)
    : new MeshError('SERVICE_UNAVAILABLE', 'Too many pages are being read; try again in a moment', options);
}
