import { expect, test } from 'vitest';
import { comparePositions, startOf } from './position.ts';
import { overlapMs, SentWindow } from './sent-window.ts';

const begin = Date.parse('2026-01-31T12:00:00.000Z');

/** The n-th position of a series, one millisecond apart. */
function place(n: number) {
  return { createdAt: new Date(begin + n), id: `01890a5d-ac96-774b-bcce-${String(n).padStart(12, '0')}` };
}

test('nothing is taken twice, whichever way it comes', () => {
  const window = new SentWindow({ last: place(0), floor: place(0) });
  expect(window.takeLive(place(1))).toBe(true);
  expect(window.takeStored(place(1))).toBe(false);
  expect(window.takeStored(place(2))).toBe(true);
  expect(window.takeLive(place(2))).toBe(false);
});

test('what an earlier watch sent is not sent again, even if it is announced late', () => {
  const window = new SentWindow({ last: place(5), floor: place(0), sent: [place(4), place(5)] });
  expect(window.takeLive(place(4))).toBe(false);
  expect(window.takeStored(place(5))).toBe(false);
  expect(window.takeLive(place(3))).toBe(true);
});

test('an older one that commits later is still taken', () => {
  const window = new SentWindow({ last: place(0), floor: place(0) });
  window.takeLive(place(50));
  expect(window.takeLive(place(20))).toBe(true);
  expect(window.takeStored(place(30))).toBe(true);
});

test('a catch-up begins the overlap before the last one, and never before the floor', () => {
  const window = new SentWindow({ last: place(0), floor: place(0) });
  expect(window.start).toEqual(place(0));
  window.takeLive(place(overlapMs / 2));
  expect(window.start).toEqual(place(0));
  window.takeLive(place(overlapMs + 7));
  window.takeLive(place(3));
  expect(window.start).toEqual(startOf(place(7).createdAt));
});

test('a catch-up skips what was there before the watch began; live it is new', () => {
  const window = new SentWindow({ last: place(2), floor: place(0), before: [place(1)] });
  expect(window.takeStored(place(1))).toBe(false);
  expect(window.takeLive(place(1))).toBe(true);
});

test('beyond a thousand ids a catch-up no longer reaches those forgotten', () => {
  const window = new SentWindow({ last: place(0), floor: place(0) });
  for (let n = 1; n <= 5000; n += 1) expect(window.takeLive(place(n))).toBe(true);
  const { start } = window;
  expect(comparePositions(start, place(4000))).toBeGreaterThanOrEqual(0);
  const found = Array.from({ length: 5000 }, (_, n) => place(n + 1)).filter(
    (one) => comparePositions(one, start) > 0,
  );
  expect(found.filter((one) => window.takeStored(one))).toEqual([]);
});
