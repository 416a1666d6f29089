import { expect, test } from 'vitest';
import { fingerprint } from './fingerprint.ts';

const payload = { topic: 'page', title: 'Readme changed', body: 'Have a look', link: '/pages/readme' };

test('stays as it is, since it is stored', () => {
  expect(fingerprint(payload)).toBe('fpvhO2RzyNbJLeBXo-ABqZyfFNHRCQdr57Jivft5Sq4');
});

test('does not depend on the order of properties', () => {
  const { link, body, title, topic } = payload;
  expect(fingerprint({ link, body, title, topic })).toBe(fingerprint(payload));
});

test.each([
  ['topic', { topic: 'comment' }],
  ['title', { title: 'Readme Changed' }],
  ['body', { body: 'Have a look ' }],
  ['link', { link: '/pages/other' }],
  ['an absent link', { link: undefined }],
])('tells another %s apart', (_, change) => {
  expect(fingerprint({ ...payload, ...change })).not.toBe(fingerprint(payload));
});

test('tells apart what runs on from one property into the next', () => {
  expect(fingerprint({ title: 'ab', body: 'c' })).not.toBe(fingerprint({ title: 'a', body: 'bc' }));
  expect(fingerprint({ title: 'a","b', body: 'c' })).not.toBe(fingerprint({ title: 'a', body: 'b","c' }));
});
