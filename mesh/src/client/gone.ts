/** Ends one call. What an AbortController is, for one listener, at a fraction of its cost. */
export class Cancellation {
  aborted = false;
  reason: unknown;
  #listener: Listener | undefined;

  cancel(reason: unknown): void {
    if (this.aborted) return;
    this.aborted = true;
    this.reason = reason;
    this.#listener?.(reason);
  }

  throwIfAborted(): void {
    if (this.aborted) throw this.reason;
  }

  /** As {@link listen}. */
  listen(listener: Listener): { remove(): void } {
    this.#listener = listener;
    return this;
  }

  remove(): void {
    this.#listener = undefined;
  }
}

/** Several signals as one; listens to them only while it has a listener. */
export class Gone {
  readonly #signals: readonly (AbortSignal | Cancellation)[];
  #listening: { remove(): void }[] = [];

  constructor(signals: readonly (AbortSignal | Cancellation)[]) {
    this.#signals = signals;
  }

  get aborted(): boolean {
    return this.#signals.some(({ aborted }) => aborted);
  }

  get reason(): unknown {
    return this.#signals.find(({ aborted }) => aborted)?.reason;
  }

  throwIfAborted(): void {
    for (const signal of this.#signals) signal.throwIfAborted();
  }

  addEventListener(_type: 'abort', listener: () => void): void {
    this.#listening = this.#signals.map((signal) =>
      signal instanceof Cancellation ? signal.listen(listener) : listen(signal, listener),
    );
  }

  removeEventListener(): void {
    for (const entry of this.#listening) entry.remove();
    this.#listening = [];
  }
}

type Listener = (reason: unknown) => void;

/** Listeners of each signal that has any. */
const listenersOf = new WeakMap<AbortSignal, Listeners>();

/** Signals that keep their one listener. */
const kept = new WeakSet<AbortSignal>();

/**
 * All listeners of a signal, behind one listener on it. A dictionary instead of a Set, for the same reason as the
 * pending calls of `SocketConnection`.
 */
class Listeners {
  readonly #byId: Record<number, Listener> = Object.create(null);
  #size = 0;
  #lastId = 0;
  readonly #signal: AbortSignal;

  constructor(signal: AbortSignal) {
    this.#signal = signal;
    listenersOf.set(signal, this);
    signal.addEventListener('abort', this.#fire);
  }

  add(listener: Listener): number {
    const id = ++this.#lastId;
    this.#byId[id] = listener;
    this.#size += 1;
    return id;
  }

  remove(id: number): void {
    if (!this.#byId[id]) return;
    delete this.#byId[id];
    this.#size -= 1;
    if (this.#size > 0 || kept.has(this.#signal)) return;
    listenersOf.delete(this.#signal);
    this.#signal.removeEventListener('abort', this.#fire);
  }

  readonly #fire = (): void => {
    for (const id of Object.keys(this.#byId).map(Number)) {
      const listener = this.#byId[id];
      this.remove(id);
      listener?.(this.#signal.reason);
    }
  };
}

/**
 * Calls a function once when a signal fires. All listeners of a signal share one on it, because removing one from the
 * signal's list takes time in proportion to its length. The shared one is removed with the last: a signal of
 * `AbortSignal.any` or `AbortSignal.timeout` is not collected while it has one.
 *
 * @returns `remove()` stops listening; further calls have no effect.
 */
export function listen(signal: AbortSignal, listener: Listener): { remove(): void } {
  const listeners = listenersOf.get(signal) ?? new Listeners(signal);
  const id = listeners.add(listener);
  return { remove: () => listeners.remove(id) };
}

/** Keeps the shared listener on a signal that every call listens to. */
export function keepListening(signal: AbortSignal): void {
  kept.add(signal);
}
