import type { CallerSignal } from '../deadline.ts';

/** A call that is under way on a connection; also the signal that its caller has gone, or has called it off. */
export class InFlight implements CallerSignal {
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
