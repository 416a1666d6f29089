import { wordsOf } from './words.ts';

/**
 * The words of a page, and the positions of each in the format of PostgreSQL's `tsvector`: `1A,7B`. Both are
 * joined with spaces, because transferring thousands of strings between threads blocks the event loop.
 */
export interface SearchWords {
  readonly words: string;
  readonly places: string;
}

/**
 * Most bytes of one page's words and positions: a `tsvector` holds less than 1 MiB, and that must not keep a
 * page from being saved.
 *
 * @see https://www.postgresql.org/docs/current/textsearch-limitations.html
 */
const mostBytes = 900_000;
/** The last position in a `tsvector`, and the most positions of one word. */
const lastPosition = 16_383;
const mostPositions = 255;

/**
 * The words of a page for the search. PostgreSQL's own parser is not used, because it classifies letters by
 * the database's LC_CTYPE, and treats a text without spaces as one word.
 *
 * @param title Has a higher weight than the text: A instead of B.
 */
export function searchWordsOf(title: string, plain: string): SearchWords {
  const places = new Map<string, string[]>();
  let position = 0;
  let bytes = 0;
  const add = (text: string, weight: 'A' | 'B') => {
    for (const { word } of wordsOf(text)) {
      position = Math.min(position + 1, lastPosition);
      let found = places.get(word);
      // PostgreSQL stores the word, padding, and the number of its positions.
      if (!found) {
        bytes += Buffer.byteLength(word) + 4;
        if (bytes > mostBytes) return;
        places.set(word, (found = []));
      }
      const place = `${position}${weight}`;
      if (found.length >= mostPositions || found.at(-1) === place) continue;
      found.push(place);
      bytes += 2;
    }
  };
  add(title, 'A');
  add(plain, 'B');
  return { words: [...places.keys()].join(' '), places: [...places.values()].join(' ') };
}
