import type { Caller } from '../../contract/index.ts';
import { revocableIds, type RevocationSet } from '../../identity/index.ts';
import { MeshError } from '../../wire/index.ts';

/** Ends a subscription when its caller goes away, or a token of the caller expires or is revoked. */
export interface Expiry extends Disposable {
  /** Also fires on disposal: otherwise a listener left on it would keep it as long as the service (`AbortSignal.any`). */
  readonly signal: AbortSignal;
  /** UNAUTHORIZED, if a token ended it. */
  readonly refusal: MeshError | undefined;
}

export type Revocations = Pick<RevocationSet, 'watch'>;

/** Longest time between two looks at the clock, in milliseconds: the machine may sleep, or its clock be set. */
const longestTimerMs = 60_000;

/** Watches the tokens of one subscription until disposed. @param options.gone Fires when the caller goes away. */
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
