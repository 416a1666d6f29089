import { wordsOf, type Word } from './words.ts';

/**
 * Most passages of one excerpt, and the length of each in characters, including the part before the first
 * match.
 */
const mostPassages = 2;
const longestPassage = 160;
const before = 50;
/** How far from a passage's start or end a space may be to cut there, in characters. */
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
 * Quotes matches in a text as safe HTML: everything escaped, matches in `<mark>`, an ellipsis for omitted
 * text. Without a match, the beginning of the text.
 *
 * @param isFound The end of the matching part of a word; undefined if it does not match.
 */
export function toExcerpt(text: string, isFound: (word: Word) => number | undefined): string {
  const passages: (Span & { readonly marks: Span[] })[] = [];
  for (const word of wordsOf(text)) {
    const end = isFound(word);
    if (end === undefined) continue;
    const { start } = word;
    const last = passages.at(-1);
    const mark = last?.marks.at(-1);
    // In scripts that join words, two matches may overlap.
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

/** A place to cut near `at`: after a space if there is one, and never inside a character. */
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
