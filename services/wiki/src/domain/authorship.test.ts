import { expect, test } from 'vitest';
import { mayBinPage, mayDeleteComment, mayEditComment } from './authorship.ts';

const written = { authorId: 'ann' };
const ann = { id: 'ann', role: 'user' } as const;
const bob = { id: 'bob', role: 'user' } as const;
const admin = { id: 'root', role: 'admin' } as const;

test('a page is binned and restored by its author and by administrators', () => {
  expect([ann, bob, admin].map((one) => mayBinPage(one, written))).toEqual([true, false, true]);
});

test('a comment is deleted by its author and by administrators, but changed by its author alone', () => {
  expect([ann, bob, admin].map((one) => mayDeleteComment(one, written))).toEqual([true, false, true]);
  expect([ann, bob, admin].map((one) => mayEditComment(one, written))).toEqual([true, false, false]);
});
