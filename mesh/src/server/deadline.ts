import { MeshError } from '../wire/index.ts';

/** The time that one call has, and the signal that its handler gets. */
export interface Deadline extends Disposable {
  /** When it passes, on the clock of `performance.now()`, in milliseconds. */
  readonly at: number;
  /** Fires when it passes, or when the caller goes away; its reason is the MeshError that is answered. */
  readonly signal: AbortSignal;
  /** Runs a function and answers with what it does or with the signal's reason, whichever comes first. */
  race<Result>(run: () => Result | PromiseLike<Result>): Promise<Result>;
}

/**
 * Starts the clock of one call. Dispose of it when the call is done: that
 * clears the timer and lets go of the caller's signal.
 *
 * @param timeoutMs How long the call may take, in milliseconds.
 * @param caller Fires when the caller goes away.
 * @throws MeshError TIMEOUT, or CLIENT_CLOSED_REQUEST, when it is over before it began.
 */
export function startDeadline(timeoutMs: number, caller: AbortSignal | undefined): Deadline {
  if (timeoutMs <= 0) throw new MeshError('TIMEOUT', 'The caller had no time left when the call arrived');
  if (caller?.aborted) throw goneError();
  const abort = new AbortController();
  const timer = setTimeout(() => abort.abort(timeoutError(timeoutMs)), timeoutMs);
  const onGone = (): void => abort.abort(goneError());
  caller?.addEventListener('abort', onGone, { once: true });
  return {
    at: performance.now() + timeoutMs,
    signal: abort.signal,
    async race(run) {
      const aborted = Promise.withResolvers<never>();
      // A handler that does not look at its signal must not keep the caller waiting.
      abort.signal.addEventListener('abort', () => aborted.reject(abort.signal.reason), { once: true });
      return await Promise.race([run(), aborted.promise]);
    },
    [Symbol.dispose]() {
      clearTimeout(timer);
      caller?.removeEventListener('abort', onGone);
    },
  };
}

function timeoutError(timeoutMs: number): MeshError {
  return new MeshError('TIMEOUT', `The call was not done within ${timeoutMs} ms`);
}

function goneError(): MeshError {
  return new MeshError('CLIENT_CLOSED_REQUEST', 'The caller went away');
}
