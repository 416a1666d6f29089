import { timeouts, type Timeout } from '../../resilience/index.ts';
import { longestHeaderMs, MeshError } from '../../wire/index.ts';

/** Fires when the caller goes away: an AbortSignal, or a cheaper `Cancellation`. */
export interface CallerSignal {
  readonly aborted: boolean;
  addEventListener(type: 'abort', listener: () => void): void;
  removeEventListener(type: 'abort', listener: () => void): void;
}

/** A minimal abort signal with one listener, cheaper than an AbortController. */
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

  /** Converts to an AbortSignal, which becomes the one listener. */
  toAbortSignal(): AbortSignal {
    const abort = new AbortController();
    if (this.aborted) abort.abort();
    else this.#listener = () => abort.abort();
    return abort.signal;
  }
}

/** The deadline of one call and its handler's signal. Call `stop` when the call is done. */
export class Deadline {
  /** On the clock of `performance.now()`, in milliseconds. */
  readonly at: number;
  readonly #timeout: Timeout;
  readonly #caller: CallerSignal | undefined;
  readonly #onGone = (): void => this.#end(goneError());
  #abort: AbortController | undefined;
  #reason: MeshError | undefined;
  #onEnd: ((reason: MeshError) => void) | undefined;

  /** @param timeoutMs More than 0. @throws MeshError CLIENT_CLOSED_REQUEST if the caller has already gone. */
  constructor(timeoutMs: number, caller: CallerSignal | undefined) {
    if (caller?.aborted) throw goneError();
    this.at = performance.now() + timeoutMs;
    this.#timeout = timeouts.start(timeoutMs, () => this.#end(timeoutError(timeoutMs)));
    this.#caller = caller;
    caller?.addEventListener('abort', this.#onGone);
  }

  /** Fires at the deadline or when the caller goes away, with the MeshError to answer as reason. Built lazily. */
  get signal(): AbortSignal {
    if (!this.#abort) {
      this.#abort = new AbortController();
      if (this.#reason) this.#abort.abort(this.#reason);
    }
    return this.#abort.signal;
  }

  /** TIMEOUT or CLIENT_CLOSED_REQUEST, once the signal has fired. */
  get reason(): MeshError | undefined {
    return this.#reason;
  }

  /**
   * Settles with `run`, or rejects with `reason`, whichever comes first: a handler that ignores its signal must not keep
   * the caller waiting.
   *
   * @param onSettled Called when `run` settles, possibly long after the deadline. `done`: whether it succeeded.
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

/** CLIENT_CLOSED_REQUEST. */
export function goneError(): MeshError {
  return new MeshError('CLIENT_CLOSED_REQUEST', 'The caller went away');
}

/**
 * Reads `x-timeout-ms`, in milliseconds, at most an hour. Anything but a whole number is ignored, so the server's own
 * limit applies.
 */
export function parseTimeout(value: string | undefined): number | undefined {
  if (value === undefined || !/^\d{1,10}$/.test(value)) return undefined;
  return Math.min(Number(value), longestHeaderMs);
}
