import { runnerOf, type ColumnType, type Statement } from '../database/statement.ts';

/**
 * Compares the declared types of a statement with those of PostgreSQL. The statement is run with nulls and rolled back.
 * For computed columns, whether they may be null is not compared: PostgreSQL does not know it.
 *
 * @param on A client from `openDatabase`, on a migrated schema.
 * @returns One line for parameters and one for columns, if they differ.
 */
export async function problemsOf(
  on: Parameters<typeof runnerOf>[0],
  { text, parameters, columns }: Statement,
): Promise<string[]> {
  const client = await runnerOf(on).pool.connect();
  try {
    await client.query('BEGIN');
    await client.query(`PREPARE examined AS ${text}`);
    const { rows } = await client.query<{ parameters: string[]; columns: string[] }>(
      `SELECT ${namesOf('parameter_types')} AS parameters, ${namesOf('result_types')} AS columns
       FROM pg_prepared_statements WHERE name = 'examined'`,
    );
    const types = rows[0] ?? { parameters: [], columns: [] };
    const { fields } = await client.query(
      text,
      parameters.map(() => null),
    );
    const { rows: nullable } = await client.query<{ place: string }>(
      `SELECT attrelid || ' ' || attnum AS place FROM pg_attribute WHERE NOT attnotnull AND attrelid = ANY ($1::oid[])`,
      [fields.map(({ tableID }) => tableID)],
    );
    const places = new Set(nullable.map(({ place }) => place));
    const answered = fields.map(({ name, tableID, columnID }, index) => {
      // A column that is NOT NULL in its table may be null in an outer join.
      const mayBeNull = places.has(`${tableID} ${columnID}`) || columns[name]?.endsWith('?');
      return `${name}: ${types.columns[index]}${mayBeNull ? '?' : ''}`;
    });
    return [
      ...differences('parameters', parameters.map(withoutMark), types.parameters),
      ...differences('columns', Object.entries(columns).map(toText), answered),
    ];
  } finally {
    // Closes the session, with its transaction and prepared statement.
    client.release(true);
  }
}

/** The types of an array of `regtype`, by their short names. */
function namesOf(types: string): string {
  return `ARRAY(
    SELECT regexp_replace(t.typname::text, '^_(.*)', '\\1[]')
    FROM unnest(${types}) WITH ORDINALITY AS given (type, n) JOIN pg_type t ON t.oid = given.type ORDER BY n
  )`;
}

function withoutMark(type: string): string {
  return type.replace(/\?$/, '');
}

function toText([name, type]: [string, ColumnType]): string {
  return `${name}: ${type.replace(' iso', '')}`;
}

function differences(what: string, said: readonly string[], real: readonly string[]): string[] {
  return said.join(', ') === real.join(', ')
    ? []
    : [`${what} are declared as ${said.join(', ')}, but are ${real.join(', ')}`];
}
