import type { Argon2Parameters } from 'node:crypto';
import { within } from '@arcadium/mesh/resilience';
import { HashingThread } from './hashing-thread.ts';

/** For so long the time that nobody else wants is tried, in milliseconds: a hash takes some 50 of it. */
const patienceMs = 250;

/** Where that was not enough, it is not tried again for so long, in milliseconds. */
const restMs = 1000;

/**
 * Makes hashes, one at a time: on time that nobody else wants, so that a flood of log-ins takes none from other calls;
 * where the machine has none left, on a thread that always has some, so that people can log in all the same.
 */
export class HashingLane {
  readonly #leftover = new HashingThread('leftover');
  readonly #some = new HashingThread('some');
  #noneLeftUntil = 0;

  /**
   * Makes the tag of a hash. To be asked when it has answered the last one.
   *
   * @throws Error when a thread died; the next one gets a new thread.
   */
  async tagOf(parameters: Argon2Parameters): Promise<Buffer> {
    if (!this.#leftover.idle || performance.now() < this.#noneLeftUntil) return this.#some.tagOf(parameters);
    const tag = await within(() => this.#leftover.tagOf(parameters), {
      ms: patienceMs,
      onLate: () => undefined,
    });
    if (tag) return tag;
    this.#noneLeftUntil = performance.now() + restMs;
    return this.#some.tagOf(parameters);
  }

  async close(): Promise<void> {
    await Promise.all([this.#leftover.close(), this.#some.close()]);
  }
}
