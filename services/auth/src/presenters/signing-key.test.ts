import { expect, test } from 'vitest';
import { keepRetiredMs, type KeyDates } from '../domain/signing-keys.ts';
import { reportKeys } from './signing-key.ts';

const daySeconds = 24 * 3600;
const at = (days: number) => new Date(Date.UTC(2030, 0, 1) + days * daySeconds * 1000);
const key = (kid: string, activeFrom: number | null): KeyDates => ({
  kid,
  publishedAt: at(activeFrom ?? 0),
  activeFrom: activeFrom === null ? null : at(activeFrom),
  removedAt: null,
});
const [first, second] = [key('first', 0), key('second', 90.5)];
const leadMs = 900_000;
const keptSeconds = keepRetiredMs / 1000;

test('the key in use changes when the next one is due, or signs; an old one goes once its tokens have expired', () => {
  const gone = { ...key('gone', -1), removedAt: at(1) };
  expect(reportKeys([first, gone], { now: at(60), days: 90, leadMs })).toEqual([
    { kid: 'first', state: 'current', changes_in_seconds: 30 * daySeconds + 900 },
  ]);
  expect(reportKeys([second, first], { now: at(90), days: 90, leadMs })).toEqual([
    { kid: 'second', state: 'next', changes_in_seconds: daySeconds / 2 },
    { kid: 'first', state: 'current', changes_in_seconds: daySeconds / 2 },
  ]);
  expect(reportKeys([second, first], { now: at(91), days: 0, leadMs })).toEqual([
    { kid: 'second', state: 'current', changes_in_seconds: null },
    { kid: 'first', state: 'old', changes_in_seconds: keptSeconds - daySeconds / 2 },
  ]);
});

test('the successor of a key that is due signs after its lead; a key that never signs here is old', () => {
  expect(reportKeys([first, key('foreign', null)], { now: at(90), days: 90, leadMs })).toEqual([
    { kid: 'first', state: 'current', changes_in_seconds: 900 },
    { kid: 'foreign', state: 'old', changes_in_seconds: keptSeconds - 90 * daySeconds },
  ]);
});
