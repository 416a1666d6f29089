/**
 * The start of a text, at most `longest` characters, ending with `…` if it was cut. Counts code points, so no
 * character is split.
 */
export function clip(text: string, longest: number): string {
  // A code point has one or two units, so this is always enough.
  const start = Array.from(text.slice(0, 2 * longest + 2));
  return start.length > longest ? `${start.slice(0, longest - 1).join('')}…` : text;
}

/**
 * A single line: control characters and runs of white space become one space, and direction marks are
 * removed.
 */
export function oneLine(text: string): string {
  return text
    .replace(/\p{Bidi_C}/gu, '')
    .replace(/[\p{Cc}\s]+/gu, ' ')
    .trim();
}
