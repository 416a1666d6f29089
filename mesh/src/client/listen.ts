/** The signal of one attempt: fires when its time is up, or when the caller goes away. */
export interface AttemptSignal extends Disposable {
  readonly signal: AbortSignal;
  /** Whether the time was what ended it. */
  readonly timedOut: boolean;
}

/**
 * Starts the clock of one attempt; dispose of it when the attempt is done.
 *
 * @param timeoutMs In milliseconds.
 * @param gone Fires when the caller goes away.
 */
export function attemptSignal(timeoutMs: number, gone: AbortSignal): AttemptSignal {
  const abort = new AbortController();
  let timedOut = false;
  const onGone = (): void => abort.abort(gone.reason);
  if (gone.aborted) onGone();
  else gone.addEventListener('abort', onGone, { once: true });
  const timer = setTimeout(() => {
    timedOut = true;
    abort.abort();
  }, timeoutMs);
  return {
    signal: abort.signal,
    get timedOut() {
      return timedOut;
    },
    [Symbol.dispose]() {
      clearTimeout(timer);
      gone.removeEventListener('abort', onGone);
    },
  };
}
