/** How long to wait, and what follows if that is not enough. */
export type WithinOptions<Late> = Readonly<{
  /** Longest wait, in milliseconds. */
  ms: number;
  /** Ends the wait before; it rejects with the signal's reason. @default nothing does */
  signal?: AbortSignal | undefined;
  /** Gives, or throws, what it comes to when the time is up. @default throws an Error that names the time */
  onLate?: () => Late;
}>;

/**
 * Waits for a piece of work for at most so long, also where it does not look at its signal. What it does after that is of
 * no interest: neither its result nor its failure.
 *
 * @param work Gets a signal that fires when nobody waits any more.
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
    const timer = setTimeout(() => {
      const late = new Error(`no answer within ${ms} ms`);
      giveUp(late, () => {
        if (!onLate) return reject(late);
        try {
          resolve(onLate());
        } catch (error) {
          reject(error);
        }
      });
    }, ms);
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
