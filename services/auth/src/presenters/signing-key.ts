import type { SigningKeyEntry } from '@arcadium/contracts/auth';
import type { SigningKeyReport } from '@arcadium/mesh/server';
import { removedAt, retiredAt, rotationDueAt, stateOf, type KeyDates } from '../domain/signing-keys.ts';
import type { StoredKey } from '../stores/signing-key-store.ts';

/** A key without its private part. */
export function presentKey(key: StoredKey, keys: readonly StoredKey[], now: Date): SigningKeyEntry {
  return {
    kid: key.kid,
    state: key.removedAt ? 'retired' : stateOf(key, keys, now),
    origin: key.sealedPrivate ? 'made' : 'environment',
    publishedAt: key.publishedAt.toISOString(),
    activeFrom: key.activeFrom?.toISOString() ?? null,
    retiredAt: (key.removedAt ?? retiredAt(key, keys))?.toISOString() ?? null,
    removedAt: removedAt(key, keys)?.toISOString() ?? null,
  };
}

const stateNames = { published: 'next', active: 'current', retired: 'old' } as const;

/**
 * The published keys for `/api/mesh`.
 *
 * @param at.days How long a key signs before the next one is created; 0 for ever.
 * @param at.leadMs How long the next one is published before it signs, in milliseconds.
 */
export function reportKeys(
  keys: readonly KeyDates[],
  { now, days, leadMs }: { now: Date; days: number; leadMs: number },
): SigningKeyReport[] {
  const successorSigns = (key: KeyDates): Date | undefined => {
    const due = rotationDueAt(key, days);
    return due && new Date(Math.max(due.getTime(), now.getTime()) + leadMs);
  };
  return keys
    .filter((key) => key.removedAt === null)
    .map((key) => {
      const state = stateNames[stateOf(key, keys, now)];
      const changes = {
        next: key.activeFrom,
        current: retiredAt(key, keys) ?? successorSigns(key),
        old: removedAt(key, keys),
      }[state];
      const seconds = changes && Math.max(0, Math.round((changes.getTime() - now.getTime()) / 1000));
      return { kid: key.kid, state, changes_in_seconds: seconds ?? null };
    });
}
