import { types, type Pool } from 'pg';

import { hasCode } from './database-errors.ts';
import { StatementQuery, type ResultColumn } from './statement-query.ts';

/**
 * PostgreSQL's types, by their names in `pg_type`, and their types in JavaScript. ` iso` marks a time that is answered as
 * text, as `Date.toISOString` has it.
 */
interface TypeMap {
  bool: boolean;
  bytea: Buffer;
  citext: string;
  float4: number;
  float8: number;
  int4: number;
  text: string;
  timestamptz: Date;
  'timestamptz iso': string;
  uuid: string;
}

const asItIs = (text: string): string => text;
const timeOf: (text: string) => Date = types.getTypeParser(types.builtins.TIMESTAMPTZ);

/** In a tenth of the time that a `Date` takes. */
function isoOf(text: string): string {
  // As of nearly all times of a session in UTC: 2026-01-31 12:00:00.08+00.
  if (text[10] !== ' ' || !text.endsWith('+00')) return timeOf(text).toISOString();
  return `${text.slice(0, 10)}T${text.slice(11, 19)}.${text.slice(20, -3).slice(0, 3).padEnd(3, '0')}Z`;
}

/** The value of a text that PostgreSQL answers. */
const parsers: { readonly [Type in keyof TypeMap]: (text: string) => TypeMap[Type] } = {
  bool: types.getTypeParser(types.builtins.BOOL),
  bytea: types.getTypeParser(types.builtins.BYTEA),
  citext: asItIs,
  float4: types.getTypeParser(types.builtins.FLOAT4),
  float8: types.getTypeParser(types.builtins.FLOAT8),
  int4: types.getTypeParser(types.builtins.INT4),
  text: asItIs,
  timestamptz: timeOf,
  'timestamptz iso': isoOf,
  uuid: asItIs,
};

/** The type of a column; `?` marks one that may be null. */
export type ColumnType = keyof TypeMap | `${keyof TypeMap}?`;

/** The type of a parameter; `[]` marks an array. */
export type ParameterType = ColumnType | `${keyof TypeMap}[]`;

type ValueOf<Type extends ParameterType> = Type extends `${infer Base extends keyof TypeMap}?`
  ? TypeMap[Base] | null
  : Type extends `${infer Base extends keyof TypeMap}[]`
    ? readonly TypeMap[Base][]
    : Type extends keyof TypeMap
      ? TypeMap[Type]
      : never;

/** Options of {@link Statement}. */
interface Declaration<
  Parameters extends readonly ParameterType[],
  Columns extends Record<string, ColumnType>,
> {
  /** The service's name, a dot, and a name that is unique in the service. At most 63 bytes. */
  name: `${string}.${string}`;
  /** The types of `$1`, `$2` and so on. */
  parameters: Parameters;
  /** The columns of the result, in this order. */
  columns: Columns;
  text: string;
  /**
   * Whether PostgreSQL plans each run for its values, which takes a part of a millisecond: where the best plan depends on
   * them. @default a session plans it once
   */
  plannedForValues?: boolean;
}

/**
 * SQL with typed parameters and rows, for hot statements only. It is run without Prisma, which takes several times as long
 * for a row, and each session parses and plans it once.
 *
 * `problemsOf` in `@arcadium/postgres/testing` compares the declared types with those of PostgreSQL.
 *
 * @example
 * const pageBySlug = new Statement({
 *   name: 'wiki.page-by-slug',
 *   parameters: ['text'],
 *   columns: { id: 'uuid', parentId: 'uuid?' },
 *   text: 'SELECT id, parent_id AS "parentId" FROM pages WHERE slug = $1',
 * });
 * const [page] = await run(database.client, pageBySlug, ['home']);
 */
export class Statement<
  const Parameters extends readonly ParameterType[] = readonly ParameterType[],
  const Columns extends Record<string, ColumnType> = Record<string, ColumnType>,
> {
  readonly name: string;
  readonly text: string;
  readonly parameters: Parameters;
  readonly columns: Columns;
  readonly plannedForValues: boolean;
  /** The same columns, as a run reads them. */
  readonly resultColumns: readonly ResultColumn[];

  /** @throws TypeError if another statement has the same name. */
  constructor({
    name,
    text,
    parameters,
    columns,
    plannedForValues = false,
  }: Declaration<Parameters, Columns>) {
    if ((declared.get(name)?.text ?? text) !== text)
      throw new TypeError(`there are two statements called ${name}`);
    this.name = name;
    this.text = text;
    this.parameters = parameters;
    this.columns = columns;
    this.plannedForValues = plannedForValues;
    this.resultColumns = Object.entries(columns).map(([column, type]) => ({
      name: column,
      parse: parsers[baseOf(type)],
    }));
    declared.set(name, this);
  }
}

function baseOf(type: ColumnType): keyof TypeMap {
  return type.replace('?', '') as keyof TypeMap;
}

/** The values of a statement's parameters. */
export type ValuesOf<S> =
  S extends Statement<infer Parameters, infer _>
    ? { [N in keyof Parameters]: ValueOf<Parameters[N]> }
    : never;

/** A row of a statement's result. */
export type RowOf<S> =
  S extends Statement<infer _, infer Columns>
    ? { -readonly [Name in keyof Columns]: ValueOf<Columns[Name]> }
    : never;

const declared = new Map<string, Statement>();

/** The statements of a service in the modules that are loaded. */
export function statementsOf(service: string): Statement[] {
  return [...declared.values()].filter(({ name }) => name.startsWith(`${service}.`));
}

/** How a client runs statements. */
interface Runner {
  pool: Pool;
  /** Whether sessions keep statements, by name. */
  named: boolean;
}

/** A client from `openDatabase`; not that of a transaction. */
interface OpenedClient {
  $disconnect(): Promise<void>;
}

const runners = new WeakMap<object, Runner>();

/** Makes a client run statements on its pool. */
export function connectStatements(client: object, runner: Runner): void {
  runners.set(client, runner);
}

/** @throws TypeError if the client is not from `openDatabase`. */
export function runnerOf(client: OpenedClient): Runner {
  const runner = runners.get(client);
  if (!runner) throw new TypeError('statements are run on a client that openDatabase has made');
  return runner;
}

/** A prepared statement whose types a migration has changed since. */
const stalePlan = new Set(['0A000']);

/**
 * Runs a statement in a separate transaction.
 *
 * @example
 * const [page] = await run(database.client, pageBySlug, ['home']);
 */
export async function run<S extends Statement>(
  client: OpenedClient,
  statement: S,
  values: ValuesOf<S>,
): Promise<RowOf<S>[]> {
  const runner = runnerOf(client);
  const { pool } = runner;
  // PostgreSQL keeps no plan of a statement without a name.
  const named = runner.named && !statement.plannedForValues;
  try {
    return await runOn(pool, statement, { name: named ? statement.name : undefined, values });
  } catch (error) {
    if (!named || !hasCode(error, stalePlan)) throw error;
    return await runOn(pool, statement, { name: undefined, values });
  }
}

async function runOn<S extends Statement>(
  pool: Pool,
  { text, resultColumns: columns }: S,
  { name, values }: { name: string | undefined; values: ValuesOf<S> },
): Promise<RowOf<S>[]> {
  const query = new StatementQuery<RowOf<S>>({ name, text, values, columns });
  // Its types do not say that the pool answers a promise for such a query too.
  await (pool.query(query) as unknown as Promise<void>);
  return query.rows;
}
