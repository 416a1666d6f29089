import { describe, expect, test } from 'vitest';
import { readQuestion, toTsquery, wordsIn } from './search-question.ts';

/** A `tsquery` as PostgreSQL would create it, for words that are stems; `the` and `of` are stop words. */
const tsquery = (text: string) => {
  const question = readQuestion(text);
  const said = wordsIn(question).filter(({ word }) => !['the', 'of'].includes(word));
  return toTsquery(question, new Map(said.map(({ word }) => [word, word])));
};

describe('a question', () => {
  test.each([
    ['mesh', "(('mesh'))"],
    ['circuit breaker', "(('circuit') & ('breaker'))"],
    ['half-open', "(('half' & 'open'))"],
    ['"state of the art"', "(('state' <3> 'art'))"],
    ['“circuit breaker”', "(('circuit' <1> 'breaker'))"],
    ['"left open', "(('left' <1> 'open'))"],
    ['a or b c', "(('a')) | (('b') & ('c'))"],
    ['-circuit -"half open" mesh', "(!('circuit') & !('half' <1> 'open') & ('mesh'))"],
    ['Café', "(('cafe'))"],
    ['東京都', "(('東京' & '京都'))"],
    ['京', "(('京':*))"],
    ['"東京都 大阪"', "(('東京' <1> '京都' <2> '大阪'))"],
    ['the mesh', "(('mesh'))"],
  ])('%j is %s', (text, expected) => {
    expect(tsquery(text)).toBe(expected);
  });

  test.each(['', 'or', '"', '-', '""', 'the of', '… “” –', "'; --"])('%j asks for nothing', (text) => {
    expect(tsquery(text)).toBeUndefined();
  });
});
