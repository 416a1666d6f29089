import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { cursorOf, pageOf, timeCursor } from './cursor.ts';

const id = '01890a5d-ac96-774b-bcce-b302099a8057';
const ms = 1_769_860_800_123;
const raw = (text: string) => Buffer.from(text).toString('base64url');
const refusal = expect.objectContaining({ name: 'MeshError', code: 'BAD_REQUEST' });

describe('timeCursor', () => {
  const good = timeCursor.encode({ at: new Date(ms), id });

  test.each([0, ms, 253_402_300_799_999])(
    'gives back a place of %d ms, in a form that contracts let through',
    (time) => {
      const place = { at: new Date(time), id };
      const cursor = timeCursor.encode(place);
      expect(cursor).toMatch(/^[\w-]{1,200}$/);
      expect(timeCursor.decode(cursor)).toEqual(place);
    },
  );

  test('without a cursor, a list begins at its start', () => {
    expect(timeCursor.decode(undefined)).toBeUndefined();
  });

  test('what a row has besides its place stays out of its cursor', () => {
    const row = { at: new Date(ms), id, body: 'not for everybody' };
    expect(timeCursor.encode(row)).toBe(good);
  });

  test.each([
    ['nothing', ''],
    ['noise', 'not-a-cursor'],
    ['null', raw('null')],
    ['no id', raw(`[${ms}]`)],
    ['something more', raw(`[${ms},"${id}",1]`)],
    ['an object', raw(`{"at":${ms},"id":"${id}"}`)],
    ['a time that is text', raw(`["${new Date(ms).toISOString()}","${id}"]`)],
    ['half a millisecond', raw(`[0.5,"${id}"]`)],
    ['a time before 1970', raw(`[-5,"${id}"]`)],
    ['a time after the year 9999', raw(`[253402300800000,"${id}"]`)],
    ['a time beyond all numbers', raw(`[1e999,"${id}"]`)],
    ['an id that is none', raw(`[${ms},"a"]`)],
    ['an injection', raw(`[${ms},"${id}' OR true --"]`)],
  ])('is refused with %s', (_, cursor) => {
    expect(() => timeCursor.decode(cursor)).toThrow(refusal);
  });

  // All of these would decode to a place that has a cursor already.
  test.each([
    ['characters after the end', `${good}A`],
    ['padding', `${good}=`],
    ['white space', `${good.slice(0, 8)} ${good.slice(8)}`],
    ['characters outside the alphabet', `${good.slice(0, 8)}!${good.slice(8)}`],
    ['white space in JSON', raw(`[${ms}, "${id}"]`)],
    ['another spelling of the number', raw(`[${ms}.0,"${id}"]`)],
    ['minus zero', raw(`[-0,"${id}"]`)],
    ['an escape', raw(`[${ms},"\\u0030${id.slice(1)}"]`)],
    ['an id in capitals', raw(`[${ms},"${id.toUpperCase()}"]`)],
  ])('has no second spelling: %s', (_, cursor) => {
    expect(() => timeCursor.decode(cursor)).toThrow(refusal);
  });

  test('a place that no cursor can name is a defect, said where it is made', () => {
    expect(() => timeCursor.encode({ at: new Date(253_402_300_800_000), id })).toThrow(z.core.$ZodError);
    expect(() => timeCursor.encode({ at: new Date(Number.NaN), id })).toThrow(z.core.$ZodError);
  });
});

describe('cursorOf', () => {
  const words = cursorOf(z.string().max(40));

  test('takes any order, in any script', () => {
    for (const word of ['', 'a"b', 'größe', '索引', '\u{10330}']) {
      expect(words.decode(words.encode(word))).toBe(word);
    }
  });

  test("refuses another list's cursor, bits that do not count, the other base64, and broken UTF-8", () => {
    expect(words.encode('a')).toBe('ImEi');
    expect(words.encode('??>')).toBe('Ij8_PiI');
    const others = [raw('[1]'), 'Ij8_PiJ', 'Ij8/PiI', Buffer.from('22ff22', 'hex').toString('base64url')];
    for (const cursor of others) expect(() => words.decode(cursor)).toThrow(refusal);
  });
});

test('one row more than asked for tells that there is more, and the cursor is of the last one given', () => {
  const shape = { item: (row: number) => row * 10, cursor: String };
  expect(pageOf([1, 2, 3], 2, shape)).toEqual({ items: [10, 20], nextCursor: '2' });
  expect(pageOf([1, 2], 2, shape)).toEqual({ items: [10, 20], nextCursor: null });
  expect(pageOf([], 2, shape)).toEqual({ items: [], nextCursor: null });
});
