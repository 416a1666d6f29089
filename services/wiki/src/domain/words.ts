import { stopWords } from './stop-words.ts';

/** Shortest and longest word that is a term, in characters: single letters say nothing, and longer than this is no word. */
const shortest = 2;
const longest = 40;

/** Longest word that is searched for, in UTF-16 units; a lexeme of PostgreSQL holds 2046 bytes. */
const longestSought = 500;

/** What stands within a word without being a part of it: Unicode's Format, but the zero-width space, which ends words. */
const ignored = String.raw`[\p{Cf}--\u200B]`;
/** Marks of a letter; of half-width katakana too. */
const marks = String.raw`[\p{M}\uFF9E\uFF9F]`;
/** Letters of scripts that put no spaces between words. */
const unspacedLetter = String.raw`[[\p{scx=Hani}\p{scx=Hira}\p{scx=Kana}\p{scx=Bopo}\p{scx=Thai}\p{scx=Laoo}\p{scx=Khmr}\p{scx=Mymr}]&&[\p{L}\p{N}]]`;
/** The same, and those of Korean, which joins to a word what other languages write beside it. */
const joinedLetter = String.raw`[[${unspacedLetter}[\p{sc=Hang}&&\p{L}]]--${marks}]`;
const spacedLetter = String.raw`[[\p{L}\p{N}]--${joinedLetter}--${marks}]`;

const run = new RegExp(String.raw`[\p{L}\p{N}][\p{L}\p{M}\p{N}_${ignored}]*`, 'gv');
const unspaced = new RegExp(unspacedLetter, 'v');
const segmenter = new Intl.Segmenter(undefined, { granularity: 'word' });

/** One letter with its marks, of a script that joins words; or a word of another script. */
const piece = new RegExp(
  `(${joinedLetter}[${marks}${ignored}]*)|${spacedLetter}[${spacedLetter}${marks}${ignored}]*`,
  'gv',
);

/**
 * The form in which a term is stored and asked for: lower case, without the
 * accents of Latin, Greek and Cyrillic letters. Marks of other scripts stay:
 * there they make another letter, not an accent. Control characters go, and
 * what is not seen (soft hyphens, joiners, marks of direction).
 */
export function normaliseTerm(text: string): string {
  if (/^[\w-]*$/.test(text)) return text.toLowerCase();
  return text
    .toLowerCase()
    .normalize('NFKD')
    .replace(/[\u0300-\u036f\p{Cc}\p{Cf}]/gu, '')
    .normalize('NFC')
    .trim();
}

/** The words of a text that are worth a place in the index, normalised, in their order. */
export function* termsOf(text: string): Generator<string> {
  for (const [found] of text.matchAll(run)) {
    for (const part of unspaced.test(found) ? segments(found) : [found]) {
      const term = normaliseTerm(part);
      if (isTerm(term)) yield term;
    }
  }
}

/** A word as search knows it, normalised, and where it stands in the text, in UTF-16 units. */
export interface Word {
  readonly word: string;
  /**
   * Of a script that joins words: `pair`, two letters side by side; `last`, the one after which no other stands;
   * `single`, one that stands alone.
   */
  readonly kind: 'word' | 'pair' | 'last' | 'single';
  readonly start: number;
  readonly end: number;
}

/**
 * Every word of a text, in its order, as search finds it. Where a script joins words, each two letters that stand side
 * by side are one, as in Lucene's `CJKBigramFilter`: where one word ends and the next begins depends on what stands
 * around them, so that a text would be cut in other places than what is asked for.
 */
export function* wordsOf(text: string): Generator<Word> {
  let before: Word | undefined;
  for (const [found, letter] of matches(text)) {
    const { word, start, end } = found;
    const beside = letter && before?.end === start;
    if (before) yield beside ? { word: before.word + word, kind: 'pair', start: before.start, end } : before;
    before = letter ? { word, kind: beside ? 'last' : 'single', start, end } : undefined;
    if (!letter && word !== '') yield { ...found, kind: 'word' };
  }
  if (before) yield before;
}

function* matches(text: string): Generator<[found: Omit<Word, 'kind'>, letter: boolean]> {
  for (const match of text.matchAll(piece)) {
    const word = normaliseTerm(match[0]).slice(0, longestSought).toWellFormed();
    yield [{ word, start: match.index, end: match.index + match[0].length }, match[1] !== undefined];
  }
}

function isTerm(term: string): boolean {
  // Units first: they bound the count of code points, and cost nothing.
  if (term.length < shortest || term.length > 2 * longest) return false;
  const length = Array.from(term).length;
  return length >= shortest && length <= longest && /\p{L}/u.test(term) && !stopWords.has(term);
}

function* segments(found: string): Generator<string> {
  for (const { segment, isWordLike } of segmenter.segment(found)) if (isWordLike) yield segment;
}
