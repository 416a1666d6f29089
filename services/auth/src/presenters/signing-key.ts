import type { SigningKeyEntry } from '@arcadium/contracts/auth';
import { removedAt, retiredAt, stateOf } from '../domain/signing-keys.ts';
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
