import { expect, test } from 'vitest';
import { mostWords, searchWords } from './search-words.ts';

test('what people search for stays as it is', () => {
  expect(searchWords('"circuit breaker" or -budget  mesh')).toBe('"circuit breaker" or -budget mesh');
  expect(searchWords('')).toBe('');
});

test('of very many words the first are looked for', () => {
  const words = Array.from({ length: 30 }, (_, n) => `w${n}`);
  expect(searchWords(words.join(' ')).split(' ')).toEqual(words.slice(0, mostWords));
  expect(
    searchWords(words.join(' OR '))
      .split(/ (?:OR )?/)
      .filter(Boolean)
      .slice(0, mostWords),
  ).toEqual(words.slice(0, mostWords));
});
