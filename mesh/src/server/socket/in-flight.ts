import type { CallerSignal } from '../deadline.ts';

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

/** A call of a connection, by the id that its caller gave it. */
export class ConnectionCall extends InFlight {
  readonly id: number | string;
  /** Where it is among the others. */
  index = -1;

  constructor(id: number | string) {
    super();
    this.id = id;
  }
}

/**
 * The calls under way on one connection. Not in a Map: one whose elements come
 * and go leaves tables behind that point at one another, and what was young
 * when they were thrown away grows old with them.
 */
export class ConnectionCalls {
  readonly #calls: ConnectionCall[] = [];

  get size(): number {
    return this.#calls.length;
  }

  add(call: ConnectionCall): void {
    call.index = this.#calls.length;
    this.#calls.push(call);
  }

  delete(call: ConnectionCall): void {
    const last = this.#calls.pop();
    if (!last || last === call) return;
    // The last one takes its place.
    last.index = call.index;
    this.#calls[call.index] = last;
  }

  /** Looks at all of them: for what is rare. */
  find(id: number | string): ConnectionCall | undefined {
    return this.#calls.find((call) => call.id === id);
  }

  cancelAll(): void {
    for (const call of this.#calls) call.cancel();
  }
}
