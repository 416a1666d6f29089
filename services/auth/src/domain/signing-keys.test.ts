import { describe, expect, test } from 'vitest';
import {
  activeFromOfNext,
  isRotationDue,
  removedAt,
  retiredAt,
  signerAmong,
  stateOf,
  waitingAmong,
  type KeyDates,
} from './signing-keys.ts';

const day = 24 * 3600;
const at = (seconds: number) => new Date(Date.UTC(2030, 0, 1) + seconds * 1000);
const key = (kid: string, activeFrom: number | null, change: Partial<KeyDates> = {}): KeyDates => ({
  kid,
  publishedAt: at(activeFrom === null ? 0 : activeFrom - 900),
  activeFrom: activeFrom === null ? null : at(activeFrom),
  removedAt: null,
  ...change,
});

const foreign = key('foreign', null);
const first = key('first', 0);
const second = key('second', 100 * day);
const all = [second, foreign, first];
const both = new Set(['first', 'second']);

describe('the states of a key', () => {
  test.each<[string, number, [string, string, string]]>([
    ['before the second signs', 100 * day - 1, ['retired', 'active', 'published']],
    ['from the moment on when it does', 100 * day, ['retired', 'retired', 'active']],
  ])('%s', (_when, now, states) => {
    expect([foreign, first, second].map((one) => stateOf(one, all, at(now)))).toEqual(states);
  });

  test('one retires when the next signs, and is removed when no token can need it', () => {
    expect(retiredAt(first, all)).toEqual(at(100 * day));
    expect(removedAt(first, all)).toEqual(at(190 * day + 3600));
    expect(retiredAt(second, all)).toBeUndefined();
    expect(removedAt(second, all)).toBeUndefined();
    expect(retiredAt(foreign, all)).toEqual(foreign.publishedAt);
  });

  test('one that was withdrawn still ended the turn of the one before', () => {
    const withdrawn = { ...second, removedAt: at(101 * day) };
    expect(retiredAt(first, [first, withdrawn])).toEqual(at(100 * day));
    expect(removedAt(withdrawn, [first, withdrawn])).toEqual(at(101 * day));
  });
});

describe('the signer', () => {
  test('is the newest that is active, to the millisecond', () => {
    expect(signerAmong(all, both, at(100 * day - 0.001))).toBe(first);
    expect(signerAmong(all, both, at(100 * day))).toBe(second);
  });

  test('is the one before where the newest is not at hand, or was withdrawn', () => {
    expect(signerAmong(all, new Set(['first']), at(101 * day))).toBe(first);
    const withdrawn = { ...second, removedAt: at(101 * day) };
    expect(signerAmong([first, withdrawn], both, at(101 * day))).toBe(first);
  });

  test('is none where none is at hand, and never one that signs nothing', () => {
    expect(signerAmong(all, new Set(['foreign']), at(101 * day))).toBeUndefined();
  });
});

test('the first key signs at once, a further one after the lead, counted from when it was published', () => {
  const leadMs = 900_000;
  expect(activeFromOfNext(at(50), { now: at(50), leadMs, canSign: false })).toEqual(at(50));
  expect(activeFromOfNext(at(50), { now: at(50), leadMs, canSign: true })).toEqual(at(950));
  expect(activeFromOfNext(at(0), { now: at(5000), leadMs, canSign: true })).toEqual(at(5000));
});

describe('a rotation', () => {
  test('is due when the active key has signed for long enough', () => {
    expect(isRotationDue([first], at(90 * day - 1), 90)).toBe(false);
    expect(isRotationDue([first], at(90 * day), 90)).toBe(true);
    expect(isRotationDue([first], at(9000 * day), 0)).toBe(false);
  });

  test('is not due while the next key waits', () => {
    expect(waitingAmong(all, at(95 * day))?.kid).toBe('second');
    expect(isRotationDue(all, at(95 * day), 90)).toBe(false);
    expect(isRotationDue(all, at(101 * day), 90)).toBe(false);
    expect(isRotationDue(all, at(190 * day), 90)).toBe(true);
  });
});
