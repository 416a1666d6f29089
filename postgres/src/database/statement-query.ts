import type { Connection, Submittable } from 'pg';

/** A column of the result, and how its text becomes a value. */
export type ResultColumn = Readonly<{ name: string; parse: (text: string) => unknown }>;

/** What {@link StatementQuery} sends and expects. */
interface Sent {
  /** @default none: the statement is not kept by the session */
  name?: string | undefined;
  text: string;
  values: readonly Value[];
  columns: readonly ResultColumn[];
}

/** What `pg`'s connection knows of the statements of its session, by name; its types leave it out. */
type Session = Connection & { parsedStatements: Readonly<Record<string, string | undefined>> };

/**
 * One run of a statement whose columns are known. `pg`'s own `Query` asks PostgreSQL for them each time, and chooses each
 * row's parsers anew; for some rows that takes as long as all else that the driver does.
 *
 * @see https://www.postgresql.org/docs/current/protocol-flow.html#PROTOCOL-FLOW-EXT-QUERY
 */
export class StatementQuery<Row> implements Submittable {
  readonly text: string;
  /** The client marks a statement of this name as known to its session. */
  readonly name: string | undefined;
  readonly rows: Row[] = [];
  /** Called at the end. The client sets it. */
  callback: ((error: Error | null) => void) | undefined;
  readonly #values: readonly Value[];
  readonly #columns: readonly ResultColumn[];
  #unreadable: Error | undefined;

  constructor({ name, text, values, columns }: Sent) {
    this.name = name;
    this.text = text;
    this.#values = values;
    this.#columns = columns;
  }

  submit(connection: Connection): void {
    const { name = '', text } = this;
    const { stream, parsedStatements } = connection as Session;
    // In one packet.
    stream.cork();
    try {
      if (name === '' || parsedStatements[name] === undefined)
        connection.parse({ name, text, types: [] }, true);
      connection.bind({ statement: name, values: this.#values.map(parameterOf) }, true);
      connection.execute(null, true);
      connection.sync();
    } finally {
      stream.uncork();
    }
  }

  handleDataRow({ fields }: { fields: readonly (string | null)[] }): void {
    try {
      this.rows.push(this.#read(fields));
    } catch (error) {
      this.#unreadable ??= error as Error;
    }
  }

  handleCommandComplete(): void {}

  handleError(error: Error): void {
    this.callback?.(error);
  }

  handleReadyForQuery(): void {
    this.callback?.(this.#unreadable ?? null);
  }

  #read(fields: readonly (string | null)[]): Row {
    const columns = this.#columns;
    if (fields.length !== columns.length) {
      const expected = columns.map(({ name }) => name).join(', ');
      throw new TypeError(`a row has ${fields.length} columns instead of ${expected}: ${this.text}`);
    }
    const row: Record<string, unknown> = {};
    let index = 0;
    for (const { name, parse } of columns) {
      const field = fields[index] ?? null;
      row[name] = field === null ? null : parse(field);
      index += 1;
    }
    return row as Row;
  }
}

type Value = string | number | boolean | Date | Buffer | null | readonly Value[];

/** A parameter as the protocol takes it: its text, or bytes as they are. */
function parameterOf(value: Value): string | Buffer | null {
  if (value === null || typeof value === 'string' || Buffer.isBuffer(value)) return value;
  if (value instanceof Date) return value.toISOString();
  if (typeof value === 'object') return `{${value.map(elementOf).join(',')}}`;
  return String(value);
}

/** @see https://www.postgresql.org/docs/current/arrays.html#ARRAYS-IO */
function elementOf(value: Value): string {
  const parameter = parameterOf(value);
  if (parameter === null) return 'NULL';
  const text = Buffer.isBuffer(parameter) ? `\\x${parameter.toString('hex')}` : parameter;
  return `"${text.replaceAll(/["\\]/g, String.raw`\$&`)}"`;
}
