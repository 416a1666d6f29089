import type { CallerSignal } from '../call/deadline.ts';

/** A call that is under way; also the signal that its caller has gone, or has called it off. */
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

/**
 * The calls under way on one connection, by the ids that the caller gave them.
 * Not in a Map: one whose elements come and go leaves tables behind that point
 * at one another, and what was young when they were thrown away grows old with
 * them; a dictionary does not.
 */
export class ConnectionCalls {
  readonly #byId: Record<number | string, InFlight> = Object.create(null);
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** Adds a call; `undefined` if there is one of that id. */
  add(id: number | string): InFlight | undefined {
    const key = keyOf(id);
    if (this.#byId[key]) return undefined;
    const call = new InFlight();
    this.#byId[key] = call;
    this.#size += 1;
    return call;
  }

  delete(id: number | string): void {
    delete this.#byId[keyOf(id)];
    this.#size -= 1;
  }

  cancel(id: number | string): void {
    this.#byId[keyOf(id)]?.cancel();
  }

  cancelAll(): void {
    for (const call of Object.values(this.#byId)) call.cancel();
  }
}

/** 1 and "1" are two ids. */
function keyOf(id: number | string): number | string {
  return typeof id === 'string' ? `"${id}` : id;
}
