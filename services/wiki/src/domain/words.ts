import { stopWords } from './stop-words.ts';

/** Shortest and longest term, in characters. */
const shortest = 2;
const longest = 40;

/** Longest word that is searched for, in UTF-16 units; a lexeme of PostgreSQL holds 2046 bytes. */
const longestSought = 500;

/**
 * Invisible characters inside a word: Unicode's Format, except the zero-width space, which separates words.
 */
const ignored = String.raw`[\p{Cf}--\u200B]`;
/** Marks of a letter, also of half-width katakana. */
const marks = String.raw`[\p{M}\uFF9E\uFF9F]`;
/** Letters of scripts without spaces between words. */
const unspacedLetter = String.raw`[[\p{scx=Hani}\p{scx=Hira}\p{scx=Kana}\p{scx=Bopo}\p{scx=Thai}\p{scx=Laoo}\p{scx=Khmr}\p{scx=Mymr}]&&[\p{L}\p{N}]]`;
/** The same, and those of Korean, which attaches particles to words. */
const joinedLetter = String.raw`[[${unspacedLetter}[\p{sc=Hang}&&\p{L}]]--${marks}]`;
const spacedLetter = String.raw`[[\p{L}\p{N}]--${joinedLetter}--${marks}]`;

const run = new RegExp(String.raw`[\p{L}\p{N}][\p{L}\p{M}\p{N}_${ignored}]*`, 'gv');
const unspaced = new RegExp(unspacedLetter, 'v');
const segmenter = new Intl.Segmenter(undefined, { granularity: 'word' });

/** One letter with its marks in a script that joins words, or a word in another script. */
const piece = new RegExp(
  `(${joinedLetter}[${marks}${ignored}]*)|${spacedLetter}[${spacedLetter}${marks}${ignored}]*`,
  'gv',
);

/**
 * The form in which a term is stored and searched: lower case, without accents of Latin, Greek and Cyrillic
 * letters. Marks of other scripts stay, because there they make a different letter. Control characters and
 * invisible characters (soft hyphens, joiners, direction marks) are removed.
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

/** The words of a text for the index, normalised, in order. */
export function* termsOf(text: string): Generator<string> {
  for (const [found] of text.matchAll(run)) {
    for (const part of unspaced.test(found) ? segments(found) : [found]) {
      const term = normaliseTerm(part);
      if (isTerm(term)) yield term;
    }
  }
}

/** A normalised word, and its position in the text in UTF-16 units. */
export interface Word {
  readonly word: string;
  /**
   * In scripts that join words: `pair`, two adjacent letters; `last`, a letter without another one after it;
   * `single`, a letter alone.
   */
  readonly kind: 'word' | 'pair' | 'last' | 'single';
  readonly start: number;
  readonly end: number;
}

/**
 * All words of a text in order, as the search uses them. In scripts that join words, each pair of adjacent
 * letters is a word, as in Lucene's `CJKBigramFilter`: word boundaries there depend on the context, so a page
 * would be split differently than a query.
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
  // Units first: they limit the number of code points, and are cheap to count.
  if (term.length < shortest || term.length > 2 * longest) return false;
  const length = Array.from(term).length;
  return length >= shortest && length <= longest && /\p{L}/u.test(term) && !stopWords.has(term);
}

function* segments(found: string): Generator<string> {
  for (const { segment, isWordLike } of segmenter.segment(found)) if (isWordLike) yield segment;
}
