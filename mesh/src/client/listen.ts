type Listener = (reason: unknown) => void;

/**
 * A listener in the ring of its signal. Not in a Set: one whose elements come
 * and go leaves tables behind that point at one another, and what was young
 * when they were thrown away grows old with them.
 */
class Entry {
  previous: Entry = this;
  next: Entry = this;
  readonly listener: Listener | undefined;
  readonly #ring: Ring | undefined;

  constructor(listener: Listener | undefined, ring: Ring | undefined) {
    this.listener = listener;
    this.#ring = ring;
  }

  insertBefore(other: Entry): void {
    this.previous = other.previous;
    this.next = other;
    other.previous.next = this;
    other.previous = this;
  }

  unlink(): void {
    this.previous.next = this.next;
    this.next.previous = this.previous;
    this.previous = this;
    this.next = this;
  }

  remove(): void {
    if (this.next === this) return;
    this.unlink();
    this.#ring?.closeIfEmpty();
  }
}

/** The ring of each signal that somebody listens to. */
const rings = new WeakMap<AbortSignal, Ring>();

/** Signals whose ring stays when it is empty. */
const kept = new WeakSet<AbortSignal>();

/** All who listen to a signal, behind one listener on it. */
class Ring {
  readonly beginning = new Entry(undefined, undefined);
  readonly #signal: AbortSignal;
  readonly #fire = (): void => {
    const { beginning } = this;
    while (beginning.next !== beginning) {
      const { next } = beginning;
      next.unlink();
      next.listener?.(this.#signal.reason);
    }
    this.closeIfEmpty();
  };

  constructor(signal: AbortSignal) {
    this.#signal = signal;
    rings.set(signal, this);
    signal.addEventListener('abort', this.#fire);
  }

  closeIfEmpty(): void {
    if (this.beginning.next !== this.beginning || kept.has(this.#signal)) return;
    rings.delete(this.#signal);
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
  const ring = rings.get(signal) ?? new Ring(signal);
  const entry = new Entry(listener, ring);
  entry.insertBefore(ring.beginning);
  return entry;
}

/** Keeps the one listener on a signal that every call listens to, which would come and go with each of them. */
export function keepRing(signal: AbortSignal): void {
  kept.add(signal);
}
