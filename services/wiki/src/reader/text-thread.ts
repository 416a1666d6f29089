import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { MessageChannel, Worker } from 'node:worker_threads';
import { within } from '@arcadium/mesh/resilience';
import type { Question, Work, Works } from './worker.ts';

/** The thread's time was up, or it died: nothing is known of the answer. */
export class CutOffError extends Error {
  override readonly name = 'Error';
}

/** What a piece of work answered, and how much of the processor's time that took, in milliseconds. */
export interface Done<Of extends Work> {
  readonly answer: Works[Of]['answer'];
  readonly cpuMs: number;
}

/** How long a piece of work may take. */
interface Limits {
  /** How much of the processor's time, in milliseconds. */
  readonly limitMs: number;
  /** When it ends at the latest, on the clock of `performance.now()`. */
  readonly until: number;
}

/** A machine that is busy gives a thread a part of the time: this many times as long is waited at most. */
const longestWait = 3;

/** How much of the processor's time a thread may take to start, in milliseconds: it is far less. */
const longestStartMs = 10_000;

/** One thread that works on texts, one at a time; one that is stuck is ended, and the next text gets a new one. */
export class TextThread {
  #worker: Promise<Worker> | undefined;
  #closed = false;

  /**
   * Does a piece of work. To be asked when it has answered the last one.
   *
   * @param limitMs How much of the processor's time it may take, in milliseconds.
   * @throws CutOffError when it took longer, or the thread died.
   */
  async ask<Of extends Work>(work: Of, given: Works[Of]['given'], limitMs: number): Promise<Done<Of>> {
    if (this.#closed) throw new CutOffError('the reading threads are closed');
    const limits = { limitMs, until: performance.now() + limitMs * longestWait };
    // Not ended where it only starts slowly: the next one needs it.
    const worker = await beforeEnd(this.#begun(), limits);
    try {
      return await ask(worker, { work, given }, limits);
    } catch (error) {
      void this.#end();
      this.begin();
      throw error instanceof CutOffError ? error : new CutOffError(String(error), { cause: error });
    }
  }

  /** Starts it, if it has not; it is soon to be asked. */
  begin(): void {
    if (!this.#closed) void this.#begun().catch(() => {});
  }

  #begun(): Promise<Worker> {
    const worker = (this.#worker ??= startWorker());
    worker.catch(() => (this.#worker = undefined));
    return worker;
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#end();
  }

  async #end(): Promise<void> {
    const worker = this.#worker;
    this.#worker = undefined;
    await worker?.then(
      (started) => started.terminate(),
      () => {},
    );
  }
}

async function startWorker(): Promise<Worker> {
  const worker = new Worker(new URL('./worker.ts', import.meta.url), {
    name: 'page-reader',
    // Parsing makes many short-lived objects: with room for them it takes half the time.
    resourceLimits: { maxOldGenerationSizeMb: 256, maxYoungGenerationSizeMb: 64, stackSizeMb: 1 },
  });
  // Between two texts nobody else listens, and an error without a listener ends the process.
  worker.on('error', () => {});
  // Idle, it must not keep the process; whoever awaits an answer has other work pending.
  worker.unref();
  await once(worker, 'online');
  // What it takes to load the parser is no text's time.
  await ask(worker, { work: 'begin', given: undefined }, { limitMs: longestStartMs, until: Infinity });
  return worker;
}

async function ask<Of extends Work>(
  worker: Worker,
  question: Omit<Question<Of>, 'answerTo'>,
  limits: Limits,
): Promise<Done<Of>> {
  const settled = new AbortController();
  const { signal } = settled;
  const died = once(worker, 'exit', { signal }).then(() => {
    throw new CutOffError('the reading thread ended unexpectedly');
  });
  // A port for this text alone: on the thread's own, Node speaks too (it names the imports to `node --watch`).
  const { port1: answers, port2: answerTo } = new MessageChannel();
  try {
    const before = await Promise.race([worker.cpuUsage(), died]);
    const spentMs = async () => {
      const { user, system } = await worker.cpuUsage(before);
      return (user + system) / 1000;
    };
    const answered = once(answers, 'message', { signal });
    worker.postMessage({ ...question, answerTo } satisfies Question<Of>, [answerTo]);
    const late = limit(spentMs, limits, signal);
    const [answer] = (await Promise.race([answered, died, late])) as [Works[Of]['answer']];
    return { answer, cpuMs: await spentMs() };
  } finally {
    settled.abort();
    answers.close();
  }
}

/** Throws when so much of the processor's time is spent; looks only when it may be. */
async function limit(
  spentMs: () => Promise<number>,
  { limitMs, until }: Limits,
  signal: AbortSignal,
): Promise<never> {
  for (let leftMs = limitMs; leftMs > 0 && performance.now() < until; leftMs = limitMs - (await spentMs())) {
    await delay(Math.max(1, Math.min(leftMs, until - performance.now())), undefined, { signal });
  }
  throw tooLate(limitMs);
}

function beforeEnd<Result>(work: Promise<Result>, { limitMs, until }: Limits): Promise<Result> {
  const onLate = (): never => {
    throw tooLate(limitMs);
  };
  return within(() => work, { ms: Math.max(0, until - performance.now()), onLate });
}

function tooLate(limitMs: number): CutOffError {
  return new CutOffError(`took more than ${limitMs} ms`);
}
