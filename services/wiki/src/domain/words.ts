import { stopWords } from './stop-words.ts';

/** Shortest and longest word that is a term, in characters: single letters say nothing, and longer than this is no word. */
const shortest = 2;
const longest = 40;

const word = /[\p{L}\p{N}][\p{L}\p{M}\p{N}_]*/gu;
/** Scripts that put no spaces between words. */
const unspaced =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}]/u;
const segmenter = new Intl.Segmenter(undefined, { granularity: 'word' });

/**
 * The form in which a term is stored and asked for: lower case, without the
 * accents of Latin, Greek and Cyrillic letters. Marks of other scripts stay:
 * there they make another letter, not an accent. Control characters go.
 */
export function normaliseTerm(text: string): string {
  return text
    .toLowerCase()
    .normalize('NFKD')
    .replace(/[\u0300-\u036f\p{Cc}]/gu, '')
    .normalize('NFC')
    .trim();
}

/** The words of a text that are worth a place in the index, normalised, in their order. */
export function* termsOf(text: string): Generator<string> {
  for (const [found] of text.matchAll(word)) {
    for (const part of unspaced.test(found) ? segments(found) : [found]) {
      const term = normaliseTerm(part);
      if (isTerm(term)) yield term;
    }
  }
}

function isTerm(term: string): boolean {
  // Units first: they bound the count of code points, and cost nothing.
  if (term.length < shortest || term.length > 2 * longest) return false;
  const length = Array.from(term).length;
  return length >= shortest && length <= longest && /\p{L}/u.test(term) && !stopWords.has(term);
}

function* segments(run: string): Generator<string> {
  for (const { segment, isWordLike } of segmenter.segment(run)) if (isWordLike) yield segment;
}
