import { append, isAlone, remove, type RingNode } from '../resilience/index.ts';

/** Several signals as one, without a listener on any of them until somebody waits. */
export class Gone {
  readonly #signals: readonly AbortSignal[];
  #listening: { remove(): void }[] = [];

  constructor(signals: readonly AbortSignal[]) {
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
    this.#listening = this.#signals.map((signal) => listen(signal, listener));
  }

  removeEventListener(): void {
    for (const entry of this.#listening) entry.remove();
    this.#listening = [];
  }
}

type Listener = (reason: unknown) => void;

/**
 * A listener in the ring of its signal. Not in a Set: one whose elements come
 * and go leaves tables behind that point at one another, and what was young
 * when they were thrown away grows old with them.
 */
class Entry implements RingNode {
  previous: this = this;
  next: this = this;
  readonly listener: Listener | undefined;
  readonly #listeners: Listeners | undefined;

  constructor(listener: Listener | undefined, listeners: Listeners | undefined) {
    this.listener = listener;
    this.#listeners = listeners;
  }

  remove(): void {
    if (isAlone(this)) return;
    remove(this);
    this.#listeners?.closeIfEmpty();
  }
}

/** Those of each signal that has any. */
const listenersOf = new WeakMap<AbortSignal, Listeners>();

/** Signals that keep our listener when nobody else listens. */
const kept = new WeakSet<AbortSignal>();

/** All listeners of a signal, behind one listener on it. */
class Listeners {
  readonly head = new Entry(undefined, undefined);
  readonly #signal: AbortSignal;
  readonly #fire = (): void => {
    while (!isAlone(this.head)) {
      const { next } = this.head;
      remove(next);
      next.listener?.(this.#signal.reason);
    }
    this.closeIfEmpty();
  };

  constructor(signal: AbortSignal) {
    this.#signal = signal;
    listenersOf.set(signal, this);
    signal.addEventListener('abort', this.#fire);
  }

  closeIfEmpty(): void {
    if (!isAlone(this.head) || kept.has(this.#signal)) return;
    listenersOf.delete(this.#signal);
    this.#signal.removeEventListener('abort', this.#fire);
  }
}

/**
 * Calls a function once when a signal fires. A signal that a thousand calls
 * wait for gets one listener of ours: its own list of them takes longer to
 * search the longer it is. It goes with the last of them: a signal made of
 * others (`AbortSignal.any`, `AbortSignal.timeout`) is not collected as long as
 * it has one.
 *
 * @returns What stops listening, by `remove()`, however often it is called.
 */
export function listen(signal: AbortSignal, listener: Listener): { remove(): void } {
  const listeners = listenersOf.get(signal) ?? new Listeners(signal);
  const entry = new Entry(listener, listeners);
  append(entry, listeners.head);
  return entry;
}

/** Keeps the one listener on a signal that every call listens to, which would come and go with each of them. */
export function keepListening(signal: AbortSignal): void {
  kept.add(signal);
}
