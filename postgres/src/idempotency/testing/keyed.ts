import type { IdempotencyClaim } from '@arcadium/mesh/server';
import { expect, vi } from 'vitest';

type Claimed = Partial<Omit<IdempotencyClaim, 'take'>>;

/** Ann's key `k`, with changes. */
export const keyOf = (claimed: Claimed = {}) => ({
  procedure: 'pages.watch',
  caller: 'user:ann',
  key: 'k',
  fingerprint: 'f',
  ...claimed,
});

/** A call of Ann's with the key `k`. */
export const keyed = (claimed?: Claimed, signal = new AbortController().signal) => ({
  claim: { ...keyOf(claimed), take: vi.fn<() => void>() },
  signal,
});

/** The error of some work. */
export async function failure(work: Promise<unknown>): Promise<unknown> {
  return work.then(
    () => expect.unreachable('it should have failed'),
    (error: unknown) => error,
  );
}
