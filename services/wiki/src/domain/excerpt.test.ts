import { expect, test } from 'vitest';
import { toExcerpt } from './excerpt.ts';
import type { Word } from './words.ts';

const found =
  (...words: string[]) =>
  ({ word, end }: Word) =>
    words.includes(word) ? end : undefined;

test('everything is escaped, and only what was found is marked', () => {
  expect(toExcerpt(`<b>"it's"</b> & <script>`, found('script'))).toBe(
    '&lt;b&gt;&quot;it&#39;s&quot;&lt;/b&gt; &amp; &lt;<mark>script</mark>&gt;',
  );
});

test('quotes two passages of a long text, cut between words', () => {
  const text = `${'word '.repeat(200)}“first” ${'word '.repeat(200)}second ${'word '.repeat(200)}third`;
  const parts = toExcerpt(text, found('first', 'second', 'third')).split(' … ');
  expect(parts).toHaveLength(2);
  expect(parts[0]).toMatch(/^(word ){8,10}“<mark>first<\/mark>”( word)+$/);
  expect(parts[1]).toMatch(/^(word ){8,10}<mark>second<\/mark>( word)+$/);
});

test('where words stand side by side, what was found is marked as one', () => {
  expect(toExcerpt('これは東京都の本', found('東京', '京都'))).toBe('これは<mark>東京都</mark>の本');
});

test('a word at the end of a passage is whole, and stands there once', () => {
  const text = `one ${'x'.repeat(150)} two${'y'.repeat(30)} three`;
  const excerpt = toExcerpt(text, found('one', `two${'y'.repeat(30)}`, 'three'));
  expect(excerpt.replaceAll(/<\/?mark>| …/g, '').replaceAll(/\s+/g, ' ')).toBe(text);
});

test('where nothing was found, quotes the beginning, and halves no character', () => {
  expect(toExcerpt(`a${'𠀀'.repeat(300)}`, () => undefined).isWellFormed()).toBe(true);
  expect(toExcerpt('One two.', () => undefined)).toBe('One two.');
});
