/** What a statement does, in the words of its text. */
interface Summary {
  /** For example `SELECT`. */
  operation: string;
  /** The first table it names. */
  table: string | undefined;
}

/** A statement's name, else its operation and table: its text could have values. */
export function nameOf(query: unknown): string {
  const { name } = (query ?? {}) as { name?: unknown };
  if (typeof name === 'string' && name !== '') return name;
  const { operation, table } = summaryOf(query);
  return table === undefined ? operation : `${operation} ${table}`;
}

/** @param query As `pg` takes it: a text, or an object with one. */
export function summaryOf(query: unknown): Summary {
  const text = textOf(query);
  const operation = (operationPattern.exec(text)?.[1] ?? 'STATEMENT').toUpperCase();
  return { operation, table: tableOf(operation, text) };
}

function textOf(query: unknown): string {
  const text: unknown = typeof query === 'string' ? query : (query as { text?: unknown } | null)?.text;
  return typeof text === 'string' ? text.slice(0, longestRead) : '';
}

/** Most of a statement that is searched for its table, in characters. */
const longestRead = 4096;

/** PostgreSQL's names have up to 63 bytes. */
const operationPattern = /^\s*([a-z]{1,63})/i;
const table = String.raw`\s+(?:only\s+)?(?:"?\w+"?\s*\.\s*)?"?([a-z_]\w{0,62})`;
const tableAnywhere = new RegExp(String.raw`\b(?:from|into|update)${table}`, 'i');
const tableHere = new RegExp(`(?:FROM|INTO|UPDATE)${table}`, 'iy');

/** What is before the table in statements that Prisma writes. */
const before: ReadonlyMap<string, string> = new Map([
  ['SELECT', 'FROM '],
  ['DELETE', 'FROM '],
  ['INSERT', 'INTO '],
  ['UPDATE', 'UPDATE '],
]);

/** The list of columns before the table is long: a search for a word is faster than the pattern. */
function tableOf(operation: string, text: string): string | undefined {
  const word = before.get(operation);
  const at = word === undefined ? -1 : text.indexOf(word);
  if (at >= 0) {
    tableHere.lastIndex = at;
    const found = tableHere.exec(text)?.[1];
    if (found !== undefined) return found;
  }
  return tableAnywhere.exec(text)?.[1];
}
