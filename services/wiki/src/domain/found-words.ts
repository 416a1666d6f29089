import type { Stems } from './search-question.ts';
import { wordsOf, type Word } from './words.ts';

/**
 * Words in these texts that may be forms of the search words, such as `opens` for `opening`: their stems are
 * compared.
 */
export function formsIn(texts: readonly string[], sought: readonly Word[], stems: Stems): string[] {
  const beginnings = sought.flatMap(({ word, kind }) =>
    // "citi" is the stem of "city".
    kind === 'word' ? (stems.get(word)?.replace(/(?<=.)i$/, '') ?? []) : [],
  );
  const forms = new Set<string>();
  for (const text of texts) {
    for (const { word, kind } of wordsOf(text)) {
      if (kind === 'word' && beginnings.some((beginning) => word.startsWith(beginning))) forms.add(word);
    }
  }
  return [...forms];
}

/** For a word of a text, the end of the part that matches the search; undefined if it does not match. */
export function foundIn(
  sought: readonly Word[],
  stems: Stems,
  formStems: Stems,
): (word: Word) => number | undefined {
  const wanted = new Set(
    sought.flatMap(({ word, kind }) => (kind === 'last' ? [] : (stems.get(word) ?? []))),
  );
  const letters = sought.filter(({ kind }) => kind === 'single').map(({ word }) => word);
  return ({ word, kind, start, end }) => {
    if (kind === 'word') return wanted.has(formStems.get(word) ?? '') ? end : undefined;
    if (kind === 'pair' && wanted.has(word)) return end;
    const letter = letters.find((each) => word.startsWith(each));
    return letter === undefined ? undefined : Math.min(end, start + letter.length);
  };
}
