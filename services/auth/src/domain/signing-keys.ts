/** What the rules below know of a key. */
export interface KeyDates {
  readonly kid: string;
  readonly publishedAt: Date;
  /** From when on it signs; null for one that never does here. */
  readonly activeFrom: Date | null;
  /** When it was taken out of the JWKS. */
  readonly removedAt: Date | null;
}

/** `published`: does not sign yet; `retired`: signs no more, and is kept for the tokens that it signed. */
export type KeyState = 'published' | 'active' | 'retired';

/** The longest life of any token, 90 days, and an hour for clocks that differ, in milliseconds. */
export const keepRetiredMs = (90 * 24 + 1) * 3_600_000;

/** The most that a JWKS may hold. */
export const mostKeys = 20;

const dayMs = 24 * 3_600_000;

/** Those that have signed or will, oldest first: each signs until the next one does. */
function inTurn<Key extends KeyDates>(keys: readonly Key[]): (Key & { activeFrom: Date })[] {
  return keys
    .filter((key): key is Key & { activeFrom: Date } => key.activeFrom !== null)
    .toSorted((a, b) => a.activeFrom.getTime() - b.activeFrom.getTime() || (a.kid < b.kid ? -1 : 1));
}

/** When a key ceases to sign: when the next one begins; one that never signs, when it was first seen. */
export function retiredAt(key: KeyDates, keys: readonly KeyDates[]): Date | undefined {
  if (key.activeFrom === null) return key.publishedAt;
  const turns = inTurn(keys);
  return turns[turns.findIndex(({ kid }) => kid === key.kid) + 1]?.activeFrom;
}

/** When a key is taken out of the JWKS, once it is known when it ceases to sign. */
export function removedAt(key: KeyDates, keys: readonly KeyDates[]): Date | undefined {
  if (key.removedAt) return key.removedAt;
  const end = retiredAt(key, keys);
  return end && new Date(end.getTime() + keepRetiredMs);
}

/** What a key is for at a moment. */
export function stateOf(key: KeyDates, keys: readonly KeyDates[], now: Date): KeyState {
  const end = retiredAt(key, keys);
  if (end && end <= now) return 'retired';
  return key.activeFrom && key.activeFrom <= now ? 'active' : 'published';
}

/**
 * The key that signs: the newest that is active, or was before it, among those
 * whose private part is at hand.
 *
 * @param atHand The ids of those whose private part is.
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
 * From when on a further key signs: at once if nothing else can, else when every verifier has had time to learn of it.
 *
 * @param publishedAt Since when it has been published, at the latest now.
 */
export function activeFromOfNext(
  publishedAt: Date,
  { now, leadMs, canSign }: { now: Date; leadMs: number; canSign: boolean },
): Date {
  return canSign ? new Date(Math.max(now.getTime(), publishedAt.getTime() + leadMs)) : now;
}

/** Whether the next key is to be made: none waits, and the active one has signed for so many days, 0 for ever. */
export function isRotationDue(keys: readonly KeyDates[], now: Date, days: number): boolean {
  if (days === 0 || waitingAmong(keys, now)) return false;
  const active = inTurn(keys).findLast(({ activeFrom }) => activeFrom <= now);
  return active !== undefined && active.activeFrom.getTime() + days * dayMs <= now.getTime();
}
