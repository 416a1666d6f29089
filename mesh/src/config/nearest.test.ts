import { expect, test } from 'vitest';
import { nearest } from './nearest.ts';

const known = ['pages.create', 'pages.get', 'pages.list', 'comments.create', 'sessions.refresh', 'me'];

test.each([
  ['pages.crate', 'pages.create'],
  ['page.create', 'pages.create'],
  ['pages.craete', 'pages.create'],
  ['pagse.raete', undefined],
  ['Pages.Create', 'pages.create'],
  ['pages/get', 'pages.get'],
  ['pages.gets', 'pages.get'],
  ['sessions.refrsh', 'sessions.refresh'],
  ['comment.creates', 'comments.create'],
  ['pages.delete', undefined],
  ['mi', undefined],
  ['', undefined],
  ['x'.repeat(100_000), undefined],
])('%j: %s', (name, near) => {
  expect(nearest(name, known)).toBe(near);
});
