import { publicPart, type PublicJwk } from '@arcadium/mesh/identity';
import type { Logger } from '@arcadium/mesh/telemetry';
import {
  activeFromOfNext,
  isRotationDue,
  mostKeys,
  removedAt,
  signerAmong,
  stateOf,
  waitingAmong,
} from '../domain/signing-keys.ts';
import { ourselves, type Origin } from './audit-log.ts';
import type { KeyChange } from './signing-key-store.ts';
import type { EnvironmentKeys } from '../domain/key-shelf.ts';

/** What a change of keys needs, besides the keys. */
export interface KeyTools {
  readonly now: Date;
  /** The earliest possible time. */
  readonly earliest: Date;
  /** How long a key is published before it signs, in milliseconds. */
  readonly leadMs: number;
  /** How long a key signs before the next one is created, in days; 0 for ever. */
  readonly days: number;
  /** The ids of keys whose private part is available here. */
  readonly atHand: ReadonlySet<string>;
  readonly log: Logger;
}

/** A new key. */
export type MadeKey = Readonly<{ jwk: PublicJwk; sealedPrivate: Uint8Array<ArrayBuffer> }>;

/** Result of a rotation. */
export type Rotation =
  | Readonly<{ kind: 'made'; kid: string }>
  | Readonly<{ kind: 'waits'; kid: string; activeFrom: Date }>
  | Readonly<{ kind: 'full'; published: number }>;

/**
 * Records keys of the environment that are not in the database. The first of SIGNING_KEYS will sign, if it
 * never did; all others only verify.
 */
export async function recordEnvironmentKeys(
  change: KeyChange,
  { signing: [first, ...others], publicOnly }: EnvironmentKeys,
  tools: KeyTools,
): Promise<void> {
  const { now, leadMs, atHand, log } = tools;
  const stored = change.keys.find(({ kid }) => kid === first.kid);
  const canSign = signerAmong(change.keys, atHand, now) !== undefined;
  if (stored?.removedAt) {
    log.warn(
      { kid: first.kid },
      'the first key of SIGNING_KEYS was removed earlier and does not sign; take it out of SIGNING_KEYS',
    );
  } else if (!stored || stored.activeFrom === null) {
    const publishedAt = stored?.publishedAt ?? now;
    const activeFrom = activeFromOfNext(publishedAt, { now, leadMs, canSign });
    if (stored) await change.activate(first.kid, activeFrom);
    else await change.add({ jwk: publicPart(first), publishedAt, activeFrom });
    if (change.keys.length > 0) {
      await change.audit({
        event: 'key.rotated',
        ...ourselves,
        subject: first.kid,
        detail: { why: 'environment', activeFrom: activeFrom.toISOString() },
      });
    }
  }
  const known = new Set([first.kid, ...change.keys.map(({ kid }) => kid)]);
  let published = change.keys.filter((key) => key.removedAt === null).length + (stored ? 0 : 1);
  for (const jwk of [...others.map(publicPart), ...publicOnly]) {
    if (known.has(jwk.kid)) continue;
    if (published >= mostKeys) {
      log.error(
        { kid: jwk.kid },
        `a key of the environment is not published: ${mostKeys} keys are already published`,
      );
      continue;
    }
    await change.add({ jwk, publishedAt: now, activeFrom: null });
    known.add(jwk.kid);
    published += 1;
  }
}

/** Publishes a new key, which signs after the lead time, or at once if no other key can. */
export async function addNextKey(
  change: KeyChange,
  { key, by, why }: { key: MadeKey; by: Origin; why: 'asked' | 'schedule' | 'no-key' },
  { now, leadMs, atHand, log }: KeyTools,
): Promise<Rotation> {
  const canSign = signerAmong(change.keys, atHand, now) !== undefined;
  const waiting = waitingAmong(change.keys, now);
  // A waiting key does not help a replica that has no key to sign with now.
  if (waiting && canSign) return { kind: 'waits', kid: waiting.kid, activeFrom: waiting.activeFrom };
  const published = change.keys.filter(({ removedAt: end }) => end === null).length;
  if (published >= mostKeys) return { kind: 'full', published };
  const activeFrom = activeFromOfNext(now, { now, leadMs, canSign });
  await change.add({ ...key, publishedAt: now, activeFrom });
  const { kid } = key.jwk;
  const detail = { why, activeFrom: activeFrom.toISOString() };
  await change.audit({ event: 'key.rotated', ...by, subject: kid, detail });
  log.info({ kid, ...detail }, 'created the next signing key');
  return { kind: 'made', kid };
}

/**
 * Creates the next key if the active one has signed long enough, or none can sign.
 *
 * @returns Whether it did.
 */
export async function rotateIfDue(
  change: KeyChange,
  make: () => Promise<MadeKey>,
  tools: KeyTools,
): Promise<boolean> {
  const { now, days, atHand, log } = tools;
  const canSign = signerAmong(change.keys, atHand, now) !== undefined;
  if (canSign && !isRotationDue(change.keys, now, days)) return false;
  const why = canSign ? 'schedule' : 'no-key';
  const rotation = await addNextKey(change, { key: await make(), by: ourselves, why }, tools);
  if (rotation.kind === 'full') {
    log.warn(
      { published: rotation.published },
      'the next signing key is due, but no more keys can be published',
    );
  }
  return rotation.kind === 'made';
}

/** Removes keys that no valid token needs. @returns Whether there were any. */
export async function removeOldKeys(
  change: KeyChange,
  { now, earliest, atHand, log }: Pick<KeyTools, 'now' | 'earliest' | 'atHand' | 'log'>,
): Promise<boolean> {
  const signer = signerAmong(change.keys, atHand, now);
  let any = false;
  for (const key of change.keys) {
    const end = removedAt(key, change.keys);
    if (key.removedAt || !end || end > earliest || key === signer) continue;
    // If a newer key could not be decrypted, this one signed longer than planned.
    if (await change.isNeeded(key.kid, earliest)) continue;
    await change.remove(key.kid, now);
    log.info({ kid: key.kid }, 'removed a retired signing key: everything it signed has expired');
    any = true;
  }
  return any;
}

/**
 * Removes a key in any state. If it was the signing key, the next one takes over, or the given one.
 *
 * @returns Whether the key exists.
 */
export async function withdrawKey(
  change: KeyChange,
  { kid, successor, by }: { kid: string; successor: MadeKey; by: Origin },
  { now, atHand, log }: KeyTools,
): Promise<boolean> {
  const key = change.keys.find((one) => one.kid === kid);
  if (!key) return false;
  if (key.removedAt) {
    // It may have been removed only for its age, and still be trusted by services that have it in their
    // environment.
    await change.voidTokens(kid, now);
    return true;
  }
  await change.remove(kid, now);
  // A key that had not signed yet did not end the turn of another.
  if (key.activeFrom && key.activeFrom > now) await change.activate(kid, null);
  await change.audit({ event: 'key.withdrawn', ...by, subject: kid });
  log.warn({ kid }, 'a signing key was withdrawn: every token it signed is invalid');
  const rest = change.keys.filter((one) => one !== key);
  if (stateOf(key, change.keys, now) === 'active' || !signerAmong(rest, atHand, now)) {
    const waiting = waitingAmong(rest, now);
    const next = waiting && atHand.has(waiting.kid) ? waiting.kid : successor.jwk.kid;
    if (next === waiting?.kid) await change.activate(next, now);
    else await change.add({ ...successor, publishedAt: now, activeFrom: now });
    const detail = { why: 'withdrawn', activeFrom: now.toISOString() };
    await change.audit({ event: 'key.rotated', ...by, subject: next, detail });
  }
  await change.voidTokens(kid, now);
  return true;
}
