import type { Caller } from '../../contract/index.ts';
import { revocableIds, type RevocationSet } from '../../identity/index.ts';
import { MeshError } from '../../wire/index.ts';

/** For how long a subscription may go on: until its caller goes away, or a token that proved him expires or is revoked. */
export interface Expiry extends Disposable {
  /** Fires also when it is disposed of: Node keeps a signal made of others, one of which lives as long as the service, while a handler's listener is left on it. */
  readonly signal: AbortSignal;
  /** UNAUTHORIZED, where it was a token that ended it. */
  readonly refusal: MeshError | undefined;
}

/** What is asked of a set of revocations for each subscription. */
export type Revocations = Pick<RevocationSet, 'watch'>;

/** The time is looked at again at least this often, in milliseconds: a machine may have slept, or its clock was set. */
const longestTimerMs = 60_000;

/**
 * Starts the clock of one subscription; dispose of it when the subscription ends.
 *
 * @param options.gone Fires when the caller goes away.
 * @param options.revocations Who says that a token was revoked, or its session. @default nobody does
 */
export function startExpiry(
  { service, user }: Caller,
  { gone, revocations }: { gone?: AbortSignal | undefined; revocations?: Revocations | undefined } = {},
): Expiry {
  const expiresAt = Math.min(service?.expiresAt ?? Infinity, user?.expiresAt ?? Infinity);
  const over = new AbortController();
  let refusal: MeshError | undefined;
  let timer: NodeJS.Timeout | undefined;
  const refuse = (message: string): void => {
    if (over.signal.aborted) return;
    refusal = new MeshError('UNAUTHORIZED', message);
    over.abort();
  };
  /** @returns How much is left, in milliseconds. */
  const look = (): number => {
    const leftMs = expiresAt - Date.now();
    if (leftMs <= 0) refuse('The token this subscription started with has expired');
    return leftMs;
  };
  const wait = (): void => {
    const leftMs = look();
    if (leftMs > 0) timer = setTimeout(wait, Math.min(leftMs, longestTimerMs)).unref();
  };
  if (expiresAt !== Infinity) wait();
  const ids = [service, user].flatMap((identity) => (identity ? revocableIds(identity) : []));
  const unwatch = revocations?.watch(ids, () =>
    refuse('The token this subscription started with was revoked'),
  );
  return {
    signal: gone ? AbortSignal.any([gone, over.signal]) : over.signal,
    get refusal() {
      // The timer may be late.
      look();
      return refusal;
    },
    [Symbol.dispose]() {
      clearTimeout(timer);
      unwatch?.();
      over.abort();
    },
  };
}
