import type { Stems } from './search-question.ts';
import { normaliseTerm, type Word } from './words.ts';

/** Scripts with accented letters: Latin, Greek, Cyrillic. */
const accented = [
  [0x41, 0x7a],
  [0xc0, 0x52f],
  [0x1e00, 0x1fff],
] as const;
const anyAccents = '[\u0300-\u036F]*';

let letters: Map<string, string> | undefined;

/**
 * A PostgreSQL regular expression that finds the first search word in a page's text; undefined if there is
 * none. It uses no flag and nothing that depends on the database's locale.
 */
export function passagePattern(words: readonly Word[], stems: Stems): string | undefined {
  const patterns = new Set<string>();
  for (const { word, kind } of words) {
    const stem = stems.get(word);
    if (stem === undefined || kind === 'last') continue;
    // "citi" is the stem of "city".
    const beginning = stem.replace(/(?<=.)i$/, '');
    patterns.add(kind === 'word' ? `(?:^|[^[:alnum:]])${Array.from(beginning, anyForm).join('')}` : stem);
  }
  return patterns.size === 0 ? undefined : [...patterns].join('|');
}

/** A letter in either case, with any accents. */
function anyForm(letter: string): string {
  letters ??= lettersByForm();
  const forms = letters.get(letter);
  return forms === undefined ? letter : `[${forms}]${anyAccents}`;
}

function lettersByForm(): Map<string, string> {
  const found = new Map<string, string>();
  for (const [first, last] of accented) {
    for (let code = first as number; code <= last; code += 1) {
      const letter = String.fromCodePoint(code);
      const form = normaliseTerm(letter);
      if (/^\p{L}$/u.test(letter) && /^\p{L}$/u.test(form)) found.set(form, (found.get(form) ?? '') + letter);
    }
  }
  return found;
}
