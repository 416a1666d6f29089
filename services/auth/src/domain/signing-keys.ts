/** The dates of a key. */
export interface KeyDates {
  readonly kid: string;
  readonly publishedAt: Date;
  /** When it starts to sign; null if it never signs here. */
  readonly activeFrom: Date | null;
  /** When it was removed from the JWKS. */
  readonly removedAt: Date | null;
}

/** `published`: does not sign yet; `retired`: no longer signs, and is kept for the tokens it signed. */
export type KeyState = 'published' | 'active' | 'retired';

/** The longest lifetime of a token, 90 days, and an hour for clock differences, in milliseconds. */
export const keepRetiredMs = (90 * 24 + 1) * 3_600_000;

/** Most keys in a JWKS. */
export const mostKeys = 20;

const dayMs = 24 * 3_600_000;

/** The keys that sign at some time, oldest first: each signs until the next one does. */
function inTurn<Key extends KeyDates>(keys: readonly Key[]): (Key & { activeFrom: Date })[] {
  return keys
    .filter((key): key is Key & { activeFrom: Date } => key.activeFrom !== null)
    .toSorted((a, b) => a.activeFrom.getTime() - b.activeFrom.getTime() || (a.kid < b.kid ? -1 : 1));
}

/** When a key stops signing: when the next one starts. For a key that never signs, when it was first seen. */
export function retiredAt(key: KeyDates, keys: readonly KeyDates[]): Date | undefined {
  if (key.activeFrom === null) return key.publishedAt;
  const turns = inTurn(keys);
  return turns[turns.findIndex(({ kid }) => kid === key.kid) + 1]?.activeFrom;
}

/** When a key is removed from the JWKS; `undefined` until it is known when it stops signing. */
export function removedAt(key: KeyDates, keys: readonly KeyDates[]): Date | undefined {
  if (key.removedAt) return key.removedAt;
  const end = retiredAt(key, keys);
  return end && new Date(end.getTime() + keepRetiredMs);
}

/** The state of a key at a time. */
export function stateOf(key: KeyDates, keys: readonly KeyDates[], now: Date): KeyState {
  const end = retiredAt(key, keys);
  if (end && end <= now) return 'retired';
  return key.activeFrom && key.activeFrom <= now ? 'active' : 'published';
}

/**
 * The key that signs: the newest that is or was active, among those whose private part is available.
 *
 * @param atHand The ids of keys whose private part is available.
 */
export function signerAmong<Key extends KeyDates>(
  keys: readonly Key[],
  atHand: ReadonlySet<string>,
  now: Date,
): Key | undefined {
  return inTurn(keys).findLast(
    (key) => key.activeFrom <= now && key.removedAt === null && atHand.has(key.kid),
  );
}

/** The key that is published and does not sign yet. */
export function waitingAmong<Key extends KeyDates>(
  keys: readonly Key[],
  now: Date,
): (Key & { activeFrom: Date }) | undefined {
  return inTurn(keys).find((key) => key.activeFrom > now && key.removedAt === null);
}

/**
 * When a new key starts to sign: at once if no other key can, otherwise when every verifier has had time to
 * learn of it.
 *
 * @param publishedAt When it was published, at the latest now.
 */
export function activeFromOfNext(
  publishedAt: Date,
  { now, leadMs, canSign }: { now: Date; leadMs: number; canSign: boolean },
): Date {
  return canSign ? new Date(Math.max(now.getTime(), publishedAt.getTime() + leadMs)) : now;
}

/** When the successor of a key is created; `undefined` for never: with 0 days, and for a key that never signs. */
export function rotationDueAt({ activeFrom }: KeyDates, days: number): Date | undefined {
  return days === 0 || activeFrom === null ? undefined : new Date(activeFrom.getTime() + days * dayMs);
}

/**
 * Whether the next key is due: none is waiting, and the active one has signed for `days` days. With 0 days,
 * never.
 */
export function isRotationDue(keys: readonly KeyDates[], now: Date, days: number): boolean {
  if (waitingAmong(keys, now)) return false;
  const active = inTurn(keys).findLast(({ activeFrom }) => activeFrom <= now);
  const due = active && rotationDueAt(active, days);
  return due !== undefined && due <= now;
}
