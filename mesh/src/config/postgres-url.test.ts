import { expect, test } from 'vitest';
import { postgresUrls } from './postgres-url.ts';

test.each([
  ['postgres://a:b@db/x', ['postgres://a:b@db/x']],
  [
    'postgresql://a:b%2C@db1:5433,[::1]:5434/x?sslmode=verify-full',
    [
      'postgresql://a:b%2C@db1:5433/x?sslmode=verify-full',
      'postgresql://a:b%2C@[::1]:5434/x?sslmode=verify-full',
    ],
  ],
  [
    'postgres://a@db1,db2/x?target_session_attrs=read-write&sslmode=disable',
    ['postgres://a@db1/x?sslmode=disable', 'postgres://a@db2/x?sslmode=disable'],
  ],
  ['postgres:///x', ['postgres:///x']],
])('%s', (url, urls) => {
  expect(postgresUrls(url)).toEqual(urls);
});

test.each([
  ['mysql://secret-host', 'must be postgres://'],
  ['postgres://a:secret@db1,/x', 'with commas between several hosts'],
  ['postgres://a:secret@db1:99999,db2/x', 'with commas between several hosts'],
  ['postgres://a:secret@db1,db2/x?target_session_attrs=any', 'target_session_attrs=any is not supported'],
])('%s is refused without its password', (url, problem) => {
  expect(() => postgresUrls(url)).toThrow(problem);
  expect(() => postgresUrls(url)).not.toThrow('secret@');
});
