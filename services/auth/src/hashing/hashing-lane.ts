import type { Argon2Parameters } from 'node:crypto';
import { within } from '@arcadium/mesh/config';
import { HashingThread } from './hashing-thread.ts';

/** How long the idle thread may try a hash, in milliseconds; a hash takes about 50 ms of CPU. */
const patienceMs = 250;

/** How long the idle thread is not used after it was too slow, in milliseconds. */
const restMs = 1000;

/**
 * Makes one hash at a time. It uses idle CPU time, so that a flood of log-ins takes none from other calls. If
 * there is no idle time, a thread of normal scheduling takes over, so that users can still log in.
 */
export class HashingLane {
  readonly #leftover = new HashingThread('leftover');
  readonly #some = new HashingThread('some');
  #noneLeftUntil = 0;

  /**
   * Makes the tag of a hash, one at a time.
   *
   * @throws Error when a thread died; the next hash gets a new thread.
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
