import { expect, test } from 'vitest';
import { foundMark, toExcerpt } from './excerpt.ts';

test('everything is escaped, and only what was found is marked', () => {
  const { start, stop } = foundMark;
  expect(toExcerpt(`<b>"it's"</b> & ${start}<script>${stop}`)).toBe(
    '&lt;b&gt;&quot;it&#39;s&quot;&lt;/b&gt; &amp; <mark>&lt;script&gt;</mark>',
  );
});
