/** Most words of one search that are looked for. */
export const mostWords = 16;

/** What is searched for: the first words of what was typed. What joins them, `or`, is not counted. */
export function searchWords(text: string): string {
  let words = 0;
  const kept = text.split(/\s+/).filter((part) => {
    if (part === '') return false;
    if (part.toLowerCase() !== 'or') words += 1;
    return words <= mostWords;
  });
  return kept.join(' ');
}
