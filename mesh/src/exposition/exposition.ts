import { ExpositionError, parseSeriesName, parseValue, type SeriesName } from './exposition-line.ts';

/** Bounds of one text: characters, and lines. */
export const expositionBounds = { characters: 8 * 1024 * 1024, lines: 50_000 } as const;

/** A series, its value in the text that was read last, and in the one before. */
export interface Sample<Bound> {
  readonly bound: Bound;
  readonly value: number;
  /** `undefined` if the text before did not have the series. */
  readonly previous: number | undefined;
}

interface Line<Bound> {
  /** The line without its value: with the space before it, or, for a comment, with the line feed. */
  readonly head: string;
  /** An empty line is one, too. */
  readonly comment: boolean;
  /** `undefined` for comments and for series that are not wanted. */
  readonly bound: Bound | undefined;
  value: number | undefined;
  previous: number | undefined;
}

/**
 * Reads the texts of `/metrics` of one process, in the Prometheus text format or in OpenMetrics. A process writes nearly
 * the same lines every time: lines that are known are compared and not parsed.
 *
 * @see https://prometheus.io/docs/instrumenting/exposition_formats/
 */
export class Exposition<Bound extends object> {
  readonly #bind: (series: SeriesName) => Bound | undefined;
  /** Of the last text only, so that names that change with each text do not fill the memory. */
  #lines: readonly Line<Bound>[] = [];
  #samples: readonly Sample<Bound>[] = [];

  /** @param bind Called when a series is new; `undefined` skips it. */
  constructor(bind: (series: SeriesName) => Bound | undefined) {
    this.#bind = bind;
  }

  /**
   * Reads a text.
   *
   * @returns The wanted series of the text. They are the same objects each time: their values change with the next read.
   * @throws ExpositionError for a text that exceeds a bound or is not in the format. Nothing of it is used.
   */
  read(text: string): readonly Sample<Bound>[] {
    if (text.length > expositionBounds.characters)
      throw new ExpositionError(
        `The text has ${text.length} characters; at most ${expositionBounds.characters} are read`,
      );
    const { lines, values, moved } = this.#parse(text);
    if (moved) refuseRepeated(lines);
    for (const [place, line] of lines.entries()) {
      line.previous = line.value;
      line.value = values[place] as number;
    }
    if (moved) this.#samples = lines.filter(isSample);
    this.#lines = lines;
    return this.#samples;
  }

  #parse(text: string) {
    const before = this.#lines;
    const lines: Line<Bound>[] = [];
    const values: number[] = [];
    /** Places in the last text; made when a line is not where it was. */
    let places: Map<string, number> | undefined;
    let expected = 0;
    for (let start = 0; start < text.length;) {
      if (lines.length === expositionBounds.lines)
        throw new ExpositionError(`The text has more than ${expositionBounds.lines} lines`);
      let line = before[expected];
      // Eight times as fast as `startsWith`.
      if (line && text.slice(start, start + line.head.length) === line.head) expected += 1;
      else {
        places ??= new Map(before.map(({ head }, place) => [head, place]));
        const head = headAt(text, start);
        const place = places.get(head);
        if (place !== undefined) expected = place + 1;
        line = (place === undefined ? undefined : before[place]) ?? this.#lineOf(head);
      }
      lines.push(line);
      start += line.head.length;
      if (line.comment) {
        values.push(0);
        continue;
      }
      const end = endOfLine(text, start);
      values.push(countAt(text, start, end) ?? parseValue(text.slice(start, end)));
      start = end + 1;
    }
    return { lines, values, moved: places !== undefined || lines.length !== before.length };
  }

  #lineOf(given: string): Line<Bound> {
    // Copied: a part of a text would keep all of it in memory.
    const head = Buffer.from(given).toString();
    const comment = head.endsWith('\n');
    const bound = comment ? undefined : this.#bind(parseSeriesName(head));
    return { head, comment, bound, value: undefined, previous: undefined };
  }
}

function isSample<Bound>(line: Line<Bound>): line is Line<Bound> & Sample<Bound> {
  return line.bound !== undefined;
}

function refuseRepeated(lines: readonly Line<unknown>[]): void {
  const heads = new Set<string>();
  for (const { head, comment } of lines) {
    if (comment) continue;
    if (heads.has(head))
      throw new ExpositionError(`The series ${JSON.stringify(head.slice(0, 80))} appears twice`);
    heads.add(head);
  }
}

function headAt(text: string, start: number): string {
  const line = text.slice(start, endOfLine(text, start));
  if (line === '' || line.startsWith('#')) return `${line}\n`;
  return line.slice(0, parseSeriesName(line).end);
}

/** A whole number, as most values are; `undefined` for anything else. */
function countAt(text: string, start: number, end: number): number | undefined {
  if (start === end || end - start > 15) return undefined;
  let value = 0;
  for (let place = start; place < end; place += 1) {
    const digit = text.charCodeAt(place) - 48;
    if (digit < 0 || digit > 9) return undefined;
    value = value * 10 + digit;
  }
  return value;
}

function endOfLine(text: string, start: number): number {
  const end = text.indexOf('\n', start);
  return end === -1 ? text.length : end;
}
