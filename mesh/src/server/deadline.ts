import { timeouts, type Timeout } from '../resilience/index.ts';
import { MeshError } from '../wire/index.ts';

/** Tells when the caller goes away: an AbortSignal, or what is cheaper to make. */
export interface CallerSignal {
  readonly aborted: boolean;
  addEventListener(type: 'abort', listener: () => void): void;
  removeEventListener(type: 'abort', listener: () => void): void;
}

/**
 * The time that one call has, and the signal that its handler gets. Dispose of
 * it when the call is done: that stops the clock and lets go of the caller's
 * signal.
 */
export class Deadline implements Disposable {
  /** When it passes, on the clock of `performance.now()`, in milliseconds. */
  readonly at: number;
  readonly #timeout: Timeout;
  readonly #caller: CallerSignal | undefined;
  readonly #onGone = (): void => this.#end(goneError());
  #abort: AbortController | undefined;
  #reason: MeshError | undefined;
  #onEnd: ((reason: MeshError) => void) | undefined;

  /**
   * Starts the clock of one call.
   *
   * @param timeoutMs How long the call may take, in milliseconds; more than 0.
   * @param caller Fires when the caller goes away.
   * @throws MeshError CLIENT_CLOSED_REQUEST when it has gone before the call began.
   */
  constructor(timeoutMs: number, caller: CallerSignal | undefined) {
    if (caller?.aborted) throw goneError();
    this.at = performance.now() + timeoutMs;
    this.#timeout = timeouts.start(timeoutMs, () => this.#end(timeoutError(timeoutMs)));
    this.#caller = caller;
    caller?.addEventListener('abort', this.#onGone);
  }

  /** Fires when it passes, or when the caller goes away; its reason is the MeshError that is answered. Made when first asked for: most handlers do not look. */
  get signal(): AbortSignal {
    if (!this.#abort) {
      this.#abort = new AbortController();
      if (this.#reason) this.#abort.abort(this.#reason);
    }
    return this.#abort.signal;
  }

  /**
   * Runs a function and answers with what it does or with the reason of the
   * end, whichever comes first: a handler that does not look at its signal must
   * not keep the caller waiting.
   */
  race<Result>(run: () => Result | PromiseLike<Result>): Promise<Result> {
    return new Promise((resolve, reject) => {
      this.#onEnd = reject;
      Promise.resolve(run()).then(resolve, reject);
    });
  }

  [Symbol.dispose](): void {
    timeouts.stop(this.#timeout);
    this.#caller?.removeEventListener('abort', this.#onGone);
  }

  #end(reason: MeshError): void {
    this.#reason = reason;
    this.#abort?.abort(reason);
    this.#onEnd?.(reason);
  }
}

function timeoutError(timeoutMs: number): MeshError {
  return new MeshError('TIMEOUT', `The call was not done within ${Math.ceil(timeoutMs)} ms`);
}

/** Says that nobody waits for a call any more: its caller went away. */
export function goneError(): MeshError {
  return new MeshError('CLIENT_CLOSED_REQUEST', 'The caller went away');
}
