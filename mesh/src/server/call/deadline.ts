import { timeouts, type Timeout } from '../../resilience/index.ts';
import { MeshError } from '../../wire/index.ts';

/** Tells when the caller goes away: an AbortSignal, or what is cheaper to make. */
export interface CallerSignal {
  readonly aborted: boolean;
  addEventListener(type: 'abort', listener: () => void): void;
  removeEventListener(type: 'abort', listener: () => void): void;
}

/** Says that a caller has gone, or has called its call off. */
export class Cancellation implements CallerSignal {
  aborted = false;
  #listener: (() => void) | undefined;

  addEventListener(_type: 'abort', listener: () => void): void {
    this.#listener = listener;
  }

  removeEventListener(): void {
    this.#listener = undefined;
  }

  cancel(): void {
    this.aborted = true;
    this.#listener?.();
  }

  /** The same as an AbortSignal. */
  toAbortSignal(): AbortSignal {
    const abort = new AbortController();
    if (this.aborted) abort.abort();
    else this.#listener = () => abort.abort();
    return abort.signal;
  }
}

/** The time that one call has, and the signal that its handler gets. To be stopped when the call is done. */
export class Deadline {
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

  /** What ended it: that it passed, or that the caller went away; `undefined` if nothing did. */
  get reason(): MeshError | undefined {
    return this.#reason;
  }

  /**
   * Runs a function and answers with what it does or with the reason of the
   * end, whichever comes first: a handler that does not look at its signal must
   * not keep the caller waiting.
   *
   * @param onSettled Called when the function is done, which may be long after the end. @param done Whether it succeeded.
   */
  race<Result>(run: () => PromiseLike<Result> | Result, onSettled: (done: boolean) => void): Promise<Result> {
    return new Promise((resolve, reject) => {
      this.#onEnd = reject;
      const onFailed = (error: unknown): void => {
        onSettled(false);
        reject(error);
      };
      try {
        Promise.resolve(run()).then((result) => {
          onSettled(true);
          resolve(result);
        }, onFailed);
      } catch (error) {
        onFailed(error);
      }
    });
  }

  /** Stops the clock, and lets go of the caller's signal. */
  stop(): void {
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
  return new MeshError('TIMEOUT', `The call did not finish within ${Math.ceil(timeoutMs)} ms`);
}

/** Says that nobody waits for a call any more: its caller went away. */
export function goneError(): MeshError {
  return new MeshError('CLIENT_CLOSED_REQUEST', 'The caller went away');
}
