type Listener = (reason: unknown) => void;

/** The listeners of each signal. */
const listening = new WeakMap<AbortSignal, Set<Listener>>();

/**
 * Calls a function once when a signal fires. A signal that a thousand calls
 * wait for gets one listener of ours: its own list of them takes longer to
 * search the longer it is.
 *
 * @returns A function that stops listening.
 */
export function listen(signal: AbortSignal, listener: Listener): () => void {
  let listeners = listening.get(signal);
  if (!listeners) {
    const all = new Set<Listener>();
    listeners = all;
    listening.set(signal, all);
    signal.addEventListener('abort', () => {
      for (const each of all) each(signal.reason);
      all.clear();
    });
  }
  listeners.add(listener);
  return () => void listeners.delete(listener);
}
