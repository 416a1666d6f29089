/**
 * A text that is not in the Prometheus text format, or exceeds a bound.
 *
 * @example
 * throw new ExpositionError('line 3 has no value');
 */
export class ExpositionError extends Error {
  override readonly name = 'ExpositionError';
}

/** The name of a time series, and its labels. */
export interface SeriesName {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
}

/** Most labels of a series, and most characters of a name or of a value. */
export const labelBounds = { labels: 32, name: 128, value: 1024 } as const;

const nameBefore = /[a-zA-Z_:][a-zA-Z0-9_:]*/y;
const labelBefore = /\s*([a-zA-Z_][a-zA-Z0-9_]*)\s*=\s*"((?:[^"\\\n]|\\.)*)"\s*(,?)\s*/y;
const escapes: Readonly<Record<string, string>> = { n: '\n', '"': '"', '\\': '\\' };

/**
 * Reads the name and the labels of a line.
 *
 * @returns Them, and the position after the white space that follows.
 * @throws ExpositionError
 */
export function parseSeriesName(line: string): SeriesName & { end: number } {
  nameBefore.lastIndex = 0;
  const name = nameBefore.exec(line)?.[0];
  if (name === undefined) throw refused(line, 'does not begin with the name of a metric');
  if (name.length > labelBounds.name)
    throw refused(line, `has a name of ${name.length} characters; at most ${labelBounds.name} are read`);
  let end = skipBlanks(line, name.length);
  // No prototype: a label may be called `__proto__`.
  const labels = Object.create(null) as Record<string, string>;
  if (line[end] === '{') end = skipBlanks(line, parseLabels(line, end + 1, labels));
  if (end < line.length && !isBlank(line[end - 1])) throw refused(line, 'has no space before its value');
  return { name, labels, end };
}

function skipBlanks(line: string, start: number): number {
  let end = start;
  while (isBlank(line[end])) end += 1;
  return end;
}

function isBlank(character: string | undefined): boolean {
  return character === ' ' || character === '\t';
}

/** @returns The position after the brace. */
function parseLabels(line: string, start: number, labels: Record<string, string>): number {
  let position = start;
  let count = 0;
  let more = true;
  while (line[position] !== '}') {
    labelBefore.lastIndex = position;
    const match: RegExpExecArray | null = more ? labelBefore.exec(line) : null;
    if (!match) throw refused(line, 'has labels that cannot be read');
    const [whole, name = '', value = '', comma]: string[] = match;
    count += 1;
    if (count > labelBounds.labels) throw refused(line, `has more than ${labelBounds.labels} labels`);
    if (name.length > labelBounds.name || value.length > labelBounds.value)
      throw refused(
        line,
        `has a label of more than ${labelBounds.name} characters, or its value has more than ${labelBounds.value}`,
      );
    if (name in labels) throw refused(line, `has the label ${name} twice`);
    labels[name] = value.includes('\\')
      ? value.replaceAll(/\\(.)/g, (kept: string, character: string) => escapes[character] ?? kept)
      : value;
    position += whole.length;
    more = comma === ',';
  }
  return position + 1;
}

/**
 * Reads a value; a timestamp or an exemplar may follow.
 *
 * @throws ExpositionError
 */
export function parseValue(text: string): number {
  const value = Number(text);
  if (text.trim() !== '' && !Number.isNaN(value)) return value;
  const [first = '', ...rest] = text.trim().split(/\s+/);
  const word = /^([+-]?)inf$/i.exec(first);
  const read = word ? (word[1] === '-' ? -Infinity : Infinity) : Number(first);
  const known = first !== '' && (!Number.isNaN(read) || first.toLowerCase() === 'nan');
  const [timestamp = '0'] = rest;
  if (!known || (timestamp !== '#' && (Number.isNaN(Number(timestamp)) || (rest[1] ?? '#') !== '#')))
    throw refused(text, 'is not a value');
  return read;
}

function refused(line: string, why: string): ExpositionError {
  return new ExpositionError(`The line ${JSON.stringify(line.slice(0, 80))} ${why}`);
}
