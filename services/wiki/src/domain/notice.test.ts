import { notificationContract } from '@arcadium/contracts/notification';
import { describe, expect, test } from 'vitest';
import { commentNotice, pageNotice } from './notice.ts';

const { input } = notificationContract.procedures.notifications.sendBatch;
const recipient = { key: 'wiki:1', userId: '0198c0de-0000-7000-8000-000000000000' };
const page = { slug: 'docs/a_b-c.d', title: 'A page' };
const comment = { id: '0198c0de-0000-7000-8000-000000000001', body: 'Well done.' };

test('tells who did what to which page', () => {
  expect(pageNotice('Ann', 'changed', page)).toEqual({
    topic: 'page',
    title: 'Ann changed “A page”',
    body: 'It is at docs/a_b-c.d.',
    link: '/pages/docs/a_b-c.d',
  });
  expect(commentNotice('Ann', 'reply', { page, comment })).toEqual({
    topic: 'reply',
    title: 'Ann answered you on “A page”',
    body: 'Well done.',
    link: `/pages/docs/a_b-c.d#comment-${comment.id}`,
  });
});

describe('what is said fits the notification service’s contract', () => {
  test.each([
    ['ordinary', 'Ann', page, comment],
    [
      'longest',
      'n'.repeat(500),
      { slug: 'a'.repeat(200), title: '𠀀'.repeat(200) },
      { ...comment, body: 'b'.repeat(10_000) },
    ],
    ['marks of direction', '\u202Ennb\u2066', { ...page, title: '\u200B\u200F' }, comment],
    ['control characters', 'A\u0007nn', { ...page, title: 'A\tpage' }, { ...comment, body: '\n\u0001\n' }],
  ])('%s', (_, who, about, said) => {
    for (const notice of [
      pageNotice(who, 'deleted', about),
      pageNotice(who, 'reverted', about),
      commentNotice(who, 'comment', { page: about, comment: said }),
    ]) {
      expect(input.safeParse({ messages: [{ ...recipient, ...notice }] })).toMatchObject({ success: true });
    }
  });
});
