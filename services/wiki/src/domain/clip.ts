/**
 * The start of a text, at most so many characters long, with `…` as the last
 * one if something was cut off. Counts code points, so no character is halved.
 */
export function clip(text: string, longest: number): string {
  // A code point takes one or two units, so this much is always enough.
  const start = Array.from(text.slice(0, 2 * longest + 2));
  return start.length > longest ? `${start.slice(0, longest - 1).join('')}…` : text;
}

/**
 * One line of a text that somebody typed: control characters and runs of white space become one space, and marks of
 * direction go.
 */
export function oneLine(text: string): string {
  return text
    .replace(/\p{Bidi_C}/gu, '')
    .replace(/[\p{Cc}\s]+/gu, ' ')
    .trim();
}
