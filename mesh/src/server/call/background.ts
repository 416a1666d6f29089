import { describeError, runInScope, type Logger, type Scope } from '../../telemetry/index.ts';

/** Work that goes on when the call that began it is answered: nobody waits for it, and its failure is nobody's but the log's. */
export class Background {
  readonly #log: Logger;
  readonly #running = new Set<Promise<void>>();
  readonly #ending = new AbortController();

  constructor(log: Logger) {
    this.#log = log;
  }

  /**
   * Begins a piece of work. It is part of the call's trace and serves its user, but has neither
   * its deadline nor its signal: its own fires when the service can wait no
   * longer.
   *
   * @param from The call that began it.
   */
  run(
    work: () => Promise<unknown>,
    from: { scope: Pick<Scope, 'requestId' | 'trace' | 'userToken'>; procedure: string },
  ): void {
    const { requestId, trace, userToken } = from.scope;
    const scope: Scope = { requestId, trace, userToken, deadline: Infinity, signal: this.#ending.signal };
    const running = this.#finish(() => runInScope(scope, work), {
      procedure: from.procedure,
      request_id: requestId,
    });
    this.#running.add(running);
    void running.then(() => this.#running.delete(running));
  }

  /** Resolves when all of it is done; after so long, in milliseconds, what is left is called off. */
  async drain(timeoutMs: number): Promise<void> {
    // Where nothing else keeps the process alive this does: it would end in the middle of its stop.
    const timer = setTimeout(() => this.#ending.abort(), timeoutMs);
    const ended = new Promise((resolve) => this.#ending.signal.addEventListener('abort', resolve));
    while (this.#running.size > 0 && !this.#ending.signal.aborted)
      await Promise.race([Promise.all(this.#running), ended]);
    clearTimeout(timer);
  }

  async #finish(work: () => Promise<unknown>, context: Record<string, unknown>): Promise<void> {
    try {
      await work();
    } catch (error) {
      this.#log.warn(
        { ...context, reason: describeError(error) },
        'background work of a call failed; the call itself is not affected',
      );
    }
  }
}
