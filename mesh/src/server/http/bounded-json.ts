import { MeshError } from '../../wire/index.ts';

/** Shorter texts are parsed as they stand: whatever is in them takes a few milliseconds. In characters. */
export const shortText = 32 * 1024;

/** The deepest nesting of a longer text. */
const mostLevels = 100;

/** The most objects, arrays and members of objects in a longer text. */
export const mostParts = 20_000;

/**
 * Parses JSON that a caller sent. Nesting and many objects or keys make
 * `JSON.parse` up to a hundred times slower and larger than the same length of
 * text does: a megabyte of `[` takes 200 ms and 50 MB. So a long text is looked
 * through first, which takes a millisecond.
 *
 * @throws MeshError BAD_REQUEST for a text with too many parts, or too deep.
 * @throws SyntaxError for what is not JSON.
 */
export function parseBoundedJson(text: string): unknown {
  mustBeBounded(text);
  return JSON.parse(text);
}

/**
 * Counts brackets and colons outside of strings; whether they match is for `JSON.parse` to say.
 *
 * @throws MeshError BAD_REQUEST as `parseBoundedJson`.
 */
export function mustBeBounded(text: string): void {
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
    if (parts > mostParts)
      throw new MeshError(
        'BAD_REQUEST',
        `The JSON holds more than ${mostParts} objects, arrays and keys: send it in parts`,
      );
  }
}

/** Where the string that begins here ends; the end of the text, if it does not. */
function endOfString(text: string, start: number): number {
  for (let end = text.indexOf('"', start + 1); end !== -1; end = text.indexOf('"', end + 1)) {
    let before = end - 1;
    while (text.charCodeAt(before) === 0x5c) before -= 1;
    // An even number of backslashes stand for themselves.
    if ((end - 1 - before) % 2 === 0) return end;
  }
  return text.length;
}
