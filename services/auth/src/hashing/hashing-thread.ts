import type { Argon2Parameters } from 'node:crypto';
import { Worker } from 'node:worker_threads';
import type { HashingJob, HashingResult, Share } from './worker.ts';

/** A thread that makes one hash at a time. */
export class HashingThread {
  readonly #share: Share;
  #worker: Worker | undefined;
  #lastId = 0;
  #job: (PromiseWithResolvers<Buffer> & { id: number }) | undefined;

  constructor(share: Share) {
    this.#share = share;
  }

  get idle(): boolean {
    return this.#job === undefined;
  }

  /**
   * Makes the tag of a hash; only while idle.
   *
   * @throws Error when the thread died; the next hash gets a new thread.
   */
  async tagOf(parameters: Argon2Parameters): Promise<Buffer> {
    const worker = (this.#worker ??= this.#start());
    const id = ++this.#lastId;
    this.#job = { id, ...Promise.withResolvers<Buffer>() };
    worker.postMessage({ id, parameters } satisfies HashingJob, []);
    try {
      return await this.#job.promise;
    } finally {
      this.#job = undefined;
    }
  }

  async close(): Promise<void> {
    await this.#worker?.terminate();
    this.#worker = undefined;
  }

  #start(): Worker {
    const worker = new Worker(new URL('./worker.ts', import.meta.url), {
      name: 'password-hasher',
      workerData: this.#share,
    });
    // Under `node --watch`, Node also sends messages on this port.
    worker.on('message', (message: Partial<HashingResult>) => {
      if (message.tag && message.id === this.#job?.id) this.#job?.resolve(Buffer.from(message.tag));
    });
    worker.on('error', (error) => this.#job?.reject(error));
    worker.on('exit', () => {
      if (this.#worker === worker) this.#worker = undefined;
      this.#job?.reject(new Error('The password hashing thread ended unexpectedly'));
    });
    // An idle thread must not keep the process running; a caller that awaits a hash does.
    worker.unref();
    return worker;
  }
}
