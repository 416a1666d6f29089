import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { MessageChannel, Worker } from 'node:worker_threads';
import type { PageSource } from '../domain/page-content.ts';
import type { Answer, Question } from './worker.ts';

/** One thread that reads pages, one at a time. */
export interface ReadingThread {
  /** How many pages it has or waits for. */
  readonly load: number;
  /**
   * Reads a page once those before it are done.
   *
   * @throws BusyError when the page's turn did not come in time; Error when reading took too long, or the thread died.
   */
  read(source: PageSource): Promise<Answer>;
  close(): Promise<void>;
}

/** The page's turn did not come in time; nothing is known of the page itself. */
export class BusyError extends Error {
  override readonly name = 'BusyError';
}

/** How long a page may take. */
export interface ReadingLimits {
  /** Longest wait for the pages before it, in milliseconds. @default 5000 */
  readonly waitMs: number;
  /** Longest time for the page itself, in milliseconds. @default 3000 */
  readonly readMs: number;
}

/** Makes a thread; one that is stuck on a page is ended, and the next page gets a new one. */
export function createReadingThread({ waitMs, readMs }: ReadingLimits): ReadingThread {
  let worker: Worker | undefined;
  let last: Promise<unknown> = Promise.resolve();
  let load = 0;

  const readNow = async (source: PageSource): Promise<Answer> => {
    worker ??= startWorker();
    try {
      return await ask(worker, source, readMs);
    } catch (error) {
      const lost = worker;
      worker = undefined;
      await lost.terminate();
      throw error;
    }
  };

  return {
    get load() {
      return load;
    },
    async read(source) {
      load += 1;
      const before = last;
      const turn = withinTime(before, waitMs).catch((cause: unknown) => {
        throw new BusyError('other pages are being read', { cause });
      });
      const answer = turn.then(() => readNow(source));
      last = Promise.allSettled([before, answer]);
      try {
        return await answer;
      } finally {
        load -= 1;
      }
    },
    async close() {
      await last;
      await worker?.terminate();
      worker = undefined;
    },
  };
}

function startWorker(): Worker {
  const worker = new Worker(new URL('./worker.ts', import.meta.url), {
    name: 'page-reader',
    // Parsing makes many short-lived objects: with room for them it takes half the time.
    resourceLimits: { maxOldGenerationSizeMb: 256, maxYoungGenerationSizeMb: 64, stackSizeMb: 1 },
  });
  // Between two pages nobody else listens, and an error without a listener ends the process.
  worker.on('error', () => {});
  // Idle, it must not keep the process; whoever awaits an answer has other work pending.
  worker.unref();
  return worker;
}

async function ask(worker: Worker, source: PageSource, readMs: number): Promise<Answer> {
  const settled = new AbortController();
  const { signal } = settled;
  const died = once(worker, 'exit', { signal }).then(() => {
    throw new Error('the reading thread died');
  });
  // A port for this page alone: on the thread's own, Node speaks too (it names the imports to `node --watch`).
  const { port1: answers, port2: answerTo } = new MessageChannel();
  try {
    const answered = once(answers, 'message', { signal });
    worker.postMessage({ source, answerTo } satisfies Question, [answerTo]);
    const [answer] = (await withinTime(Promise.race([answered, died]), readMs)) as [Answer];
    return answer;
  } finally {
    settled.abort();
    answers.close();
  }
}

async function withinTime<Result>(work: Promise<Result>, timeoutMs: number): Promise<Result> {
  const settled = new AbortController();
  const late = delay(timeoutMs, undefined, { signal: settled.signal }).then(() => {
    throw new Error(`took more than ${timeoutMs} ms`);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    settled.abort();
  }
}
