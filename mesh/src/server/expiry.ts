import type { Caller } from '../contract/index.ts';

/** For how long a subscription may go on: until its caller goes away, or a token that proved him expires. */
export interface Expiry extends Disposable {
  readonly signal: AbortSignal;
  /** Whether it was a token that ended it. */
  readonly expired: boolean;
}

/** The longest that a timer can wait, in milliseconds: 24 days. */
const longestTimerMs = 2 ** 31 - 1;

/** Starts the clock of one subscription; dispose of it when the subscription ends. */
export function startExpiry({ service, user }: Caller, gone: AbortSignal | undefined): Expiry {
  const expiresAt = Math.min(service?.expiresAt ?? Infinity, user?.expiresAt ?? Infinity);
  const expiry = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const wait = (): void => {
    const leftMs = expiresAt - Date.now();
    if (leftMs <= 0) expiry.abort();
    else timer = setTimeout(wait, Math.min(leftMs, longestTimerMs)).unref();
  };
  if (expiresAt !== Infinity) wait();
  return {
    signal: gone ? AbortSignal.any([gone, expiry.signal]) : expiry.signal,
    get expired() {
      return expiry.signal.aborted;
    },
    [Symbol.dispose]: () => clearTimeout(timer),
  };
}
