/** Most words of a query that are searched for. */
export const mostWords = 16;

/** The first words of a query. `or` is not counted. */
export function searchWords(text: string): string {
  let words = 0;
  const kept = text.split(/\s+/).filter((part) => {
    if (part === '') return false;
    if (part.toLowerCase() !== 'or') words += 1;
    return words <= mostWords;
  });
  return kept.join(' ');
}
