import { expect, test } from 'vitest';
import { comparePositions, positionOfId, startOf } from './position.ts';

const early = '01890a5d-ac96-774b-bcce-b302099a8057';
const late = '01890a5d-ac96-774b-bcce-b302099a8058';
const moment = new Date('2026-01-31T12:00:00.123Z');

test('time decides first, the id within a millisecond', () => {
  const next = new Date(moment.getTime() + 1);
  expect(comparePositions({ createdAt: moment, id: late }, { createdAt: next, id: early })).toBeLessThan(0);
  expect(comparePositions({ createdAt: moment, id: late }, { createdAt: moment, id: early })).toBeGreaterThan(
    0,
  );
  expect(comparePositions({ createdAt: moment, id: late }, { createdAt: moment, id: late })).toBe(0);
});

test('the start of a moment comes before everything of it', () => {
  expect(comparePositions(startOf(moment), { createdAt: moment, id: early })).toBeLessThan(0);
});

test('an id of version 7 tells its time (the example of RFC 9562, A.6)', () => {
  const example = positionOfId('017F22E2-79B0-7CC3-98C4-DC0C0C07398F');
  expect(example?.createdAt.toISOString()).toBe('2022-02-22T19:22:22.000Z');
  expect(example?.id).toBe('017f22e2-79b0-7cc3-98c4-dc0c0c07398f');
});

test('an id of another version, or from after the year 9999, tells none', () => {
  expect(positionOfId('ffffffff-ffff-7fff-bfff-ffffffffffff')).toBeUndefined();
  expect(positionOfId('919108f7-52d1-4320-9bac-f847db4148a8')).toBeUndefined();
});
