import { describeError, scopes, type Logger, type Scope } from '../../telemetry/index.ts';

/** Work that continues after the call that started it is answered. Its failures are only logged. */
export class Background {
  readonly #log: Logger;
  readonly #running = new Set<Promise<void>>();
  readonly #ending = new AbortController();

  constructor(log: Logger) {
    this.#log = log;
  }

  /** Starts `work` in the trace and for the user of the call `from`. Its signal fires only when `drain` times out. */
  run(
    work: () => Promise<unknown>,
    from: { scope: Pick<Scope, 'requestId' | 'trace' | 'span' | 'userToken'>; procedure: string },
  ): void {
    const { requestId, trace, span, userToken } = from.scope;
    const scope: Scope = {
      requestId,
      trace,
      span,
      userToken,
      deadline: Infinity,
      signal: this.#ending.signal,
    };
    const running = this.#finish(() => scopes.run(scope, work), {
      procedure: from.procedure,
      request_id: requestId,
    });
    this.#running.add(running);
    void running.then(() => this.#running.delete(running));
  }

  /** Resolves when all work is done; aborts the rest after `timeoutMs`, in milliseconds. */
  async drain(timeoutMs: number): Promise<void> {
    // Not `unref`ed: nothing else may keep the process alive until its stop is complete.
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
