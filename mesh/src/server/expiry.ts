import type { Caller } from '../contract/index.ts';

/** For how long a subscription may go on: until its caller goes away, or a token that proved him expires. */
export interface Expiry extends Disposable {
  /** Fires also when it is disposed of: Node keeps a signal made of others, one of which lives as long as the service, while a handler's listener is left on it. */
  readonly signal: AbortSignal;
  /** Whether it was a token that ended it. */
  readonly expired: boolean;
}

/** The longest that a timer can wait, in milliseconds: 24 days. */
const longestTimerMs = 2 ** 31 - 1;

/** Starts the clock of one subscription; dispose of it when the subscription ends. */
export function startExpiry({ service, user }: Caller, gone: AbortSignal | undefined): Expiry {
  const expiresAt = Math.min(service?.expiresAt ?? Infinity, user?.expiresAt ?? Infinity);
  const over = new AbortController();
  let expired = false;
  let timer: NodeJS.Timeout | undefined;
  const wait = (): void => {
    const leftMs = expiresAt - Date.now();
    if (leftMs <= 0) {
      expired = true;
      over.abort();
    } else timer = setTimeout(wait, Math.min(leftMs, longestTimerMs)).unref();
  };
  if (expiresAt !== Infinity) wait();
  return {
    signal: gone ? AbortSignal.any([gone, over.signal]) : over.signal,
    get expired() {
      return expired;
    },
    [Symbol.dispose]() {
      clearTimeout(timer);
      over.abort();
    },
  };
}
