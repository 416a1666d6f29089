import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { MessageChannel, Worker } from 'node:worker_threads';
import { within } from '@arcadium/mesh/config';
import type { Question, Work, Works } from './worker.ts';

/** The thread ran out of time or died: there is no answer. */
export class CutOffError extends Error {
  override readonly name = 'Error';
}

/** The answer to a task, and its CPU time in milliseconds. */
export interface Done<Of extends Work> {
  readonly answer: Works[Of]['answer'];
  readonly cpuMs: number;
}

/** Limits of a task. */
interface Limits {
  /** CPU time, in milliseconds. */
  readonly limitMs: number;
  /** Latest end, by `performance.now()`. */
  readonly until: number;
}

/** Longest wait as a multiple of the CPU time, for busy machines. */
const longestWait = 3;

/** CPU time for starting a thread, in milliseconds; it needs far less. */
const longestStartMs = 10_000;

/**
 * A thread that processes one text at a time. If it is stuck, it is terminated, and the next text gets a new
 * one.
 */
export class TextThread {
  #worker: Promise<Worker> | undefined;
  #closed = false;

  /**
   * Performs a task, one at a time.
   *
   * @param limitMs CPU time, in milliseconds.
   * @throws CutOffError when it took longer, or the thread died.
   */
  async ask<Of extends Work>(work: Of, given: Works[Of]['given'], limitMs: number): Promise<Done<Of>> {
    if (this.#closed) throw new CutOffError('the reading threads are closed');
    const limits = { limitMs, until: performance.now() + limitMs * longestWait };
    // A thread that is only slow to start is kept for the next text.
    const worker = await beforeEnd(this.#begun(), limits);
    try {
      return await ask(worker, { work, given }, limits);
    } catch (error) {
      void this.#end();
      this.begin();
      throw error instanceof CutOffError ? error : new CutOffError(String(error), { cause: error });
    }
  }

  /** Starts the thread in advance, if it is not running. */
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
    // Parsing creates many short-lived objects: with more room for them it takes half the time.
    resourceLimits: { maxOldGenerationSizeMb: 256, maxYoungGenerationSizeMb: 64, stackSizeMb: 1 },
  });
  // Between texts there is no other listener, and an unhandled error would end the process.
  worker.on('error', () => {});
  // An idle thread must not keep the process running; a caller that awaits an answer does.
  worker.unref();
  await once(worker, 'online');
  // Loading the parser must not count as a text's time.
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
  // A separate port for each text: Node also sends messages on the thread's own (imports, for `node
  // --watch`).
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

/** @throws CutOffError when the CPU time is used up; checks only when that is possible. */
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
