import { expect, test } from 'vitest';
import { parseTimeout } from './deadline.ts';

test.each([
  ['1500', 1500],
  ['0', 0],
  ['9999999999', 3_600_000],
  ['-1', undefined],
  ['1.5', undefined],
  ['1e3', undefined],
  ['99999999999', undefined],
  ['', undefined],
  [undefined, undefined],
])('the time left %j is read as %j', (text, expected) => {
  expect(parseTimeout(text)).toBe(expected);
});
