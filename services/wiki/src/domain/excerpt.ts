import { wordsOf, type Word } from './words.ts';

/** Most passages of one excerpt, and the length of each, in characters, with what stands before the first word found. */
const mostPassages = 2;
const longestPassage = 160;
const before = 50;
/** Where a passage begins or ends, a space is looked for in so many characters. */
const soughtSpace = 20;

interface Span {
  readonly start: number;
  end: number;
}

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/**
 * Quotes what was found in a text, as safe HTML: everything escaped, the words found within `<mark>`, an ellipsis
 * where something is left out between. Its beginning, where nothing was found.
 *
 * @param isFound Where the part of a word ends that was asked for; undefined where it was not.
 */
export function toExcerpt(text: string, isFound: (word: Word) => number | undefined): string {
  const passages: (Span & { readonly marks: Span[] })[] = [];
  for (const word of wordsOf(text)) {
    const end = isFound(word);
    if (end === undefined) continue;
    const { start } = word;
    const last = passages.at(-1);
    const mark = last?.marks.at(-1);
    // Of a script that joins words, two that were found stand one over the other.
    if (last && mark && start <= mark.end)
      last.end = Math.max(last.end, (mark.end = Math.max(mark.end, end)));
    else if (last && start < last.end) {
      last.marks.push({ start, end });
      last.end = Math.max(last.end, end);
    } else if (passages.length === mostPassages) break;
    else {
      const from = Math.max(last?.end ?? 0, cut(text, start - before));
      passages.push({
        start: from,
        end: Math.max(end, cut(text, from + longestPassage)),
        marks: [{ start, end }],
      });
    }
  }
  if (passages.length === 0) return escape(text.slice(0, cut(text, longestPassage)));
  return passages.map((passage) => quote(text, passage)).join(' … ');
}

function quote(text: string, { start, end, marks }: Span & { readonly marks: readonly Span[] }): string {
  let html = '';
  let at = start;
  for (const mark of marks) {
    html += `${escape(text.slice(at, mark.start))}<mark>${escape(text.slice(mark.start, mark.end))}</mark>`;
    at = mark.end;
  }
  return (html + escape(text.slice(at, end))).trim();
}

/** A place to cut near `at`: behind a space where there is one, and within no character. */
function cut(text: string, at: number): number {
  if (at <= 0) return 0;
  if (at >= text.length) return text.length;
  const space = text.slice(Math.max(0, at - soughtSpace), at).search(/\s\S*$/);
  if (space !== -1) return Math.max(0, at - soughtSpace) + space + 1;
  return /[\uDC00-\uDFFF]/.test(text.charAt(at)) ? at - 1 : at;
}

function escape(text: string): string {
  return text.replace(/[&<>"']/g, (character) => entities[character] ?? '').toWellFormed();
}
