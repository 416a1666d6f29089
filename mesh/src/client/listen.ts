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

  constructor(listener: Listener | undefined) {
    this.listener = listener;
  }

  insertBefore(other: Entry): void {
    this.previous = other.previous;
    this.next = other;
    other.previous.next = this;
    other.previous = this;
  }

  remove(): void {
    this.previous.next = this.next;
    this.next.previous = this.previous;
    this.previous = this;
    this.next = this;
  }
}

/** The ring of each signal, by its beginning. */
const rings = new WeakMap<AbortSignal, Entry>();

/**
 * Calls a function once when a signal fires. A signal that a thousand calls
 * wait for gets one listener of ours: its own list of them takes longer to
 * search the longer it is.
 *
 * @returns What stops listening, by `remove()`, however often it is called.
 */
export function listen(signal: AbortSignal, listener: Listener): { remove(): void } {
  const ring = rings.get(signal) ?? openRing(signal);
  const entry = new Entry(listener);
  entry.insertBefore(ring);
  return entry;
}

function openRing(signal: AbortSignal): Entry {
  const ring = new Entry(undefined);
  rings.set(signal, ring);
  signal.addEventListener('abort', () => {
    while (ring.next !== ring) {
      const { next } = ring;
      next.remove();
      next.listener?.(signal.reason);
    }
  });
  return ring;
}
