export type WithinOptions<Late> = Readonly<{
  /** Longest wait, in milliseconds. @default no limit */
  ms?: number;
  /** Cancels the wait, which then rejects with the signal's reason. @default none */
  signal?: AbortSignal | undefined;
  /** Result after `ms`, or the error that it throws. @default an Error that names the time */
  onLate?: () => Late;
}>;

/**
 * Waits for work until its time is over or a signal fires, even if the work ignores its signal. A later result or failure is dropped.
 *
 * @param work Gets a signal that fires when the wait ends early.
 *
 * @example
 * const answer = await within((signal) => fetch('http://slow.example', { signal }), {
 *   ms: 500,
 *   onLate: () => undefined,
 * });
 */
export function within<Result, Late = never>(
  work: (signal: AbortSignal) => PromiseLike<Result>,
  { ms, signal, onLate }: WithinOptions<Late>,
): Promise<Result | Late> {
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted();
    const over = new AbortController();
    const end = (settle: () => void): void => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
      settle();
    };
    const giveUp = (reason: unknown, settle: () => void): void => {
      end(settle);
      over.abort(reason);
    };
    const onAbort = (): void => giveUp(signal?.reason, () => reject(signal?.reason as Error));
    const onTime = (): void => {
      const late = new Error(`no answer within ${ms} ms`);
      giveUp(late, () => {
        if (!onLate) return reject(late);
        try {
          resolve(onLate());
        } catch (error) {
          reject(error);
        }
      });
    };
    const timer = ms === undefined ? undefined : setTimeout(onTime, ms);
    signal?.addEventListener('abort', onAbort, { once: true });
    try {
      work(over.signal).then(
        (result) => end(() => resolve(result)),
        (error: unknown) => end(() => reject(error)),
      );
    } catch (error) {
      end(() => reject(error));
    }
  });
}
