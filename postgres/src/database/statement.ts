import type { Pool } from 'pg';

import { hasCode } from './database-errors.ts';

/** PostgreSQL's types, by their names in `pg_type`, and their types in JavaScript. */
interface TypeMap {
  bool: boolean;
  bytea: Buffer;
  citext: string;
  float4: number;
  float8: number;
  int4: number;
  text: string;
  timestamptz: Date;
  uuid: string;
}

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
}

/**
 * SQL with typed parameters and rows, for hot statements only. It is run by the driver without Prisma, which takes several
 * times as long for a row, and each session parses and plans it once.
 *
 * `problemsOf` in `@arcadium/postgres/testing` compares the declared types with those of PostgreSQL.
 */
export class Statement<
  const Parameters extends readonly ParameterType[] = readonly ParameterType[],
  const Columns extends Record<string, ColumnType> = Record<string, ColumnType>,
> {
  readonly name: string;
  readonly text: string;
  readonly parameters: Parameters;
  readonly columns: Columns;

  /** @throws TypeError if another statement has the same name. */
  constructor({ name, text, parameters, columns }: Declaration<Parameters, Columns>) {
    if ((declared.get(name)?.text ?? text) !== text)
      throw new TypeError(`there are two statements called ${name}`);
    this.name = name;
    this.text = text;
    this.parameters = parameters;
    this.columns = columns;
    declared.set(name, this);
  }
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

/** Runs a statement in a separate transaction. */
export async function run<S extends Statement>(
  client: OpenedClient,
  statement: S,
  values: ValuesOf<S>,
): Promise<RowOf<S>[]> {
  const { pool, named } = runnerOf(client);
  const { name, text } = statement;
  const config = { text, values: [...values] };
  try {
    return (await pool.query<RowOf<S>>(named ? { name, ...config } : config)).rows;
  } catch (error) {
    if (!named || !hasCode(error, stalePlan)) throw error;
    return (await pool.query<RowOf<S>>(config)).rows;
  }
}
