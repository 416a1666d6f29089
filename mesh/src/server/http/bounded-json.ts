import { MeshError } from '../../wire/index.ts';

/** Longest text that is parsed without a check, in characters: it takes a few milliseconds at most. */
export const shortText = 32 * 1024;

/** Deepest nesting of a longer text. */
const mostLevels = 100;

/** Most objects, arrays and members in a longer text. */
export const mostParts = 20_000;

/**
 * Parses JSON from a caller. Deep nesting and many objects or keys make `JSON.parse` up to 100 times slower and larger
 * than plain text: a megabyte of `[` takes 200 ms and 50 MB. A long text is therefore checked first, which takes 1 ms.
 *
 * @param parts Most objects, arrays and members. @default 20000
 * @throws MeshError BAD_REQUEST for a text with too many parts, or nested too deeply.
 * @throws SyntaxError for a text that is not JSON.
 *
 * @example
 * const body = parseBoundedJson('{"id":"pen"}');
 */
export function parseBoundedJson(text: string, parts = mostParts): unknown {
  mustBeBounded(text, parts);
  return JSON.parse(text);
}

/**
 * Counts brackets and colons outside of strings; `JSON.parse` checks whether they match.
 *
 * @throws MeshError BAD_REQUEST as `parseBoundedJson`.
 */
export function mustBeBounded(text: string, most = mostParts): void {
  if (text.length <= shortText) return;
  let levels = 0;
  let parts = 0;
  for (let at = 0; at < text.length; at += 1) {
    switch (text.charCodeAt(at)) {
      case 0x22: // "
        at = endOfString(text, at);
        break;
      case 0x5b: // [
      case 0x7b: // {
        levels += 1;
        parts += 1;
        break;
      case 0x5d: // ]
      case 0x7d: // }
        levels -= 1;
        break;
      case 0x3a: // :
        parts += 1;
        break;
      default:
    }
    if (levels > mostLevels)
      throw new MeshError('BAD_REQUEST', `The JSON is nested more than ${mostLevels} levels deep`);
    if (parts > most)
      throw new MeshError(
        'BAD_REQUEST',
        `The JSON holds more than ${most} objects, arrays and keys: send it in parts`,
      );
  }
}

/** The index of the closing quote, or the length of the text. */
function endOfString(text: string, start: number): number {
  for (let end = text.indexOf('"', start + 1); end !== -1; end = text.indexOf('"', end + 1)) {
    let before = end - 1;
    while (text.charCodeAt(before) === 0x5c) before -= 1;
    // After an odd number of backslashes, the quote is escaped.
    if ((end - 1 - before) % 2 === 0) return end;
  }
  return text.length;
}
