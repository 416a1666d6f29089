import { expect, test } from 'vitest';
import { parseMarkdown } from './markdown.ts';
import { contentOf, longestPlain } from './page-content.ts';

const read = (body: string, slug = 'docs/a') =>
  contentOf({ slug, title: 'Title', body }, parseMarkdown(body));

test('links are resolved from the address of their page, one row for each that leads to a page', () => {
  expect(read('[one](b.md) [out](https://example.org) [](../c) [one](b.md)').links).toEqual([
    { target: 'docs/b', markdown: true, text: 'one' },
    { target: 'c', markdown: false, text: 'c' },
    { target: 'docs/b', markdown: true, text: 'one' },
  ]);
});

test('the text of a link is one line of bounded length', () => {
  expect(read('[a\nb](x)').links[0]?.text).toBe('a b');
  expect(Array.from(read(`[${'𠀀'.repeat(300)}](x)`).links[0]?.text ?? '')).toHaveLength(200);
});

test('no page has more than 1000 links', () => {
  expect(read('[a](b) '.repeat(1001)).links).toHaveLength(1000);
});

test('the plain text has headings, text and code', () => {
  expect(read('# One\n\ntwo\n\n    three').plain).toBe('One\ntwo\nthree');
});

test('the plain text is bounded in bytes, and is Unicode whatever was sent', () => {
  const plain = read('中'.repeat(150_000)).plain;
  const bytes = new TextEncoder().encode(plain).length;
  expect(bytes).toBeGreaterThan(longestPlain - 4);
  expect(bytes).toBeLessThanOrEqual(longestPlain + 3);
  expect(read('a\uD800b').plain.isWellFormed()).toBe(true);
});
