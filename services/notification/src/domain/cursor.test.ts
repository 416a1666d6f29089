import { expect, test } from 'vitest';
import { decodeCursor, encodeCursor } from './cursor.ts';

const id = '01890a5d-ac96-774b-bcce-b302099a8057';
const position = { createdAt: new Date('2026-01-31T12:00:00.123Z'), id };
const raw = (text: string) => Buffer.from(text).toString('base64url');

test('a cursor carries a position there and back', () => {
  const cursor = encodeCursor(position);
  expect(decodeCursor(cursor)).toEqual(position);
  expect(cursor).toMatch(/^[\w-]{1,200}$/);
});

test.each([
  ['nothing', ''],
  ['noise', 'not-a-cursor'],
  ['no id', raw('1769860800123.')],
  ['another separator', raw(`1769860800123,${id}`)],
  ['a time that is no number', raw(`12e3.${id}`)],
  ['a time before 1970', raw(`-5.${id}`)],
  ['a time after the year 9999', raw(`253402300800000.${id}`)],
  ['an id in capitals', raw(`1769860800123.${id.toUpperCase()}`)],
  ['an injection', raw(`1769860800123.${id}' OR true --`)],
  ['a second spelling', `${encodeCursor(position)}AA`],
  ['padding', `${encodeCursor(position)}=`],
])('a malformed cursor is refused: %s', (_, cursor) => {
  expect(() => decodeCursor(cursor)).toThrow(
    expect.objectContaining({ name: 'MeshError', code: 'BAD_REQUEST' }),
  );
});
