import { MeshError } from '@arcadium/mesh/wire';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { cursorOf, integer, moment, pageOf } from './cursor.ts';

const codec = cursorOf(z.tuple([moment, integer]));

describe('cursorOf', () => {
  test('gives back what it was given, in a form that the contract lets through', () => {
    const cursor = codec.encode([1_767_225_600_000, 7]);
    expect(cursor).toMatch(/^[\w-]{1,200}$/);
    expect(codec.decode(cursor)).toEqual([1_767_225_600_000, 7]);
    expect(codec.decode(undefined)).toBeUndefined();
  });

  test.each([
    'x',
    '',
    Buffer.from('[1]').toString('base64url'),
    Buffer.from('[1,2,3]').toString('base64url'),
    Buffer.from('["a",2]').toString('base64url'),
    Buffer.from('[1e99,2]').toString('base64url'),
    Buffer.from('[1,2147483648]').toString('base64url'),
    Buffer.from('null').toString('base64url'),
  ])('refuses %j', (cursor) => {
    expect(() => codec.decode(cursor)).toThrow(expect.objectContaining({ code: 'BAD_REQUEST' }));
    expect(() => codec.decode(cursor)).toThrow(MeshError);
  });
});

test('one row more than asked for tells that there is more, and the cursor is of the last one given', () => {
  const shape = { item: (row: number) => row * 10, cursor: String };
  expect(pageOf([1, 2, 3], 2, shape)).toEqual({ items: [10, 20], nextCursor: '2' });
  expect(pageOf([1, 2], 2, shape)).toEqual({ items: [10, 20], nextCursor: null });
  expect(pageOf([], 2, shape)).toEqual({ items: [], nextCursor: null });
});
