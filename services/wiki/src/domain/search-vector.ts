import { wordsOf } from './words.ts';

/**
 * The words of a page, and for each its places as PostgreSQL's `tsvector` writes them: `1A,7B`. Both with a space
 * between two, since to send many thousands of strings keeps the thread that answers calls from the others.
 */
export interface SearchWords {
  readonly words: string;
  readonly places: string;
}

/**
 * Most bytes of one page's words and places: a `tsvector` holds less than 1 MiB, and a page must not fail to save for
 * that.
 *
 * @see https://www.postgresql.org/docs/current/textsearch-limitations.html
 */
const mostBytes = 900_000;
/** Last position that a `tsvector` knows, and most positions of one word. */
const lastPosition = 16_383;
const mostPositions = 255;

/**
 * What search reads of a page. PostgreSQL's own parser is not asked for the words: what it takes for a letter depends on
 * the database's LC_CTYPE, and a text without spaces is one word to it.
 *
 * @param title Weighs more than the text: A against B.
 */
export function searchWordsOf(title: string, plain: string): SearchWords {
  const places = new Map<string, string[]>();
  let position = 0;
  let bytes = 0;
  const add = (text: string, weight: 'A' | 'B') => {
    for (const { word } of wordsOf(text)) {
      position = Math.min(position + 1, lastPosition);
      let found = places.get(word);
      // As PostgreSQL stores it: the word, its alignment, and the count of its places.
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
