import { expect, test } from 'vitest';
import { wordsOf } from './words.ts';

const words = (text: string) => Array.from(wordsOf(text), ({ word }) => word);

test.each([
  ['He said “quorum” – left…done.', ['he', 'said', 'quorum', 'left', 'done']],
  ['page_links half-open 3.14', ['page', 'links', 'half', 'open', '3', '14']],
  ['Café ΆΛΦΑ Ёлка', ['cafe', 'αλφα', 'елка']],
  ['quo\u00ADrum q\u2060uorum \u202Equorum', ['quorum', 'quorum', 'quorum']],
  ['a\u200Bb', ['a', 'b']],
  ['東京都。京', ['東京', '京都', '都', '京']],
  ['ブレーカー', ['ブレ', 'レー', 'ーカ', 'カー', 'ー']],
  ['ｶﾞｽ', ['ガス', 'ス']],
  ['ภาษา', ['ภา', 'าษ', 'ษา', 'า']],
  ['한국어는', ['한국', '국어', '어는', '는']],
  ['भाषा विज्ञान', ['भाषा', 'विज्ञान']],
  ['ubuntu東京22', ['ubuntu', '東京', '京', '22']],
])('%j holds %j', (text, expected) => {
  expect(words(text)).toEqual(expected);
});

test('a word says where it stands', () => {
  const text = 'Die “Café”, 東京';
  expect(Array.from(wordsOf(text), ({ start, end }) => text.slice(start, end))).toEqual([
    'Die',
    'Café',
    '東京',
    '京',
  ]);
});
