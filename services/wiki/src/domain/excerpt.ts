/**
 * What `ts_headline` puts around the words it found: private-use characters,
 * which are taken out of the text beforehand. Its usual `<b>` could not be told
 * from what an author typed, and its output is not safe HTML.
 */
export const foundMark = { start: '\u{E000}', stop: '\u{E001}' } as const;

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
  [foundMark.start]: '<mark>',
  [foundMark.stop]: '</mark>',
};

/** Safe HTML from a headline with {@link foundMark}s: everything escaped, then the words found within `<mark>`. */
export function toExcerpt(headline: string): string {
  return headline.replace(/[&<>"'\u{E000}\u{E001}]/gu, (character) => entities[character] ?? '');
}
