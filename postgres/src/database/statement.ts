import type { Pool } from 'pg';

import { hasCode } from './database-errors.ts';

/** PostgreSQL's types, as `pg_type` names them, and what they are in JavaScript. */
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

/** The type of a column; with a question mark where it may be null. */
export type ColumnType = keyof TypeMap | `${keyof TypeMap}?`;

/** The type of a parameter; with brackets behind it an array. */
export type ParameterType = ColumnType | `${keyof TypeMap}[]`;

type ValueOf<Type extends ParameterType> = Type extends `${infer Base extends keyof TypeMap}?`
  ? TypeMap[Base] | null
  : Type extends `${infer Base extends keyof TypeMap}[]`
    ? readonly TypeMap[Base][]
    : Type extends keyof TypeMap
      ? TypeMap[Type]
      : never;

/** What a {@link Statement} is made of. */
interface Declaration<
  Parameters extends readonly ParameterType[],
  Columns extends Record<string, ColumnType>,
> {
  /** Begins with the service's name and a dot; no other statement has it. At most 63 bytes. */
  name: `${string}.${string}`;
  /** Of `$1`, `$2` and so on. */
  parameters: Parameters;
  /** What the statement answers, in this order. */
  columns: Columns;
  text: string;
}

/**
 * SQL that is run often, with the types of what it takes and answers. PostgreSQL parses and plans it once a session. It
 * goes to the driver without Prisma, which takes several times as long as the driver for a row: for hot statements only.
 *
 * `problemsOf` in `@arcadium/postgres/testing` compares the types with what PostgreSQL says they are.
 */
export class Statement<
  const Parameters extends readonly ParameterType[] = readonly ParameterType[],
  const Columns extends Record<string, ColumnType> = Record<string, ColumnType>,
> {
  readonly name: string;
  readonly text: string;
  readonly parameters: Parameters;
  readonly columns: Columns;

  /** @throws TypeError where another statement has the name. */
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

/** What a statement takes. */
export type ValuesOf<S> =
  S extends Statement<infer Parameters, infer _>
    ? { [N in keyof Parameters]: ValueOf<Parameters[N]> }
    : never;

/** What a statement answers, row by row. */
export type RowOf<S> =
  S extends Statement<infer _, infer Columns>
    ? { -readonly [Name in keyof Columns]: ValueOf<Columns[Name]> }
    : never;

const declared = new Map<string, Statement>();

/** The statements of a service that were declared so far, by the modules that were loaded. */
export function statementsOf(service: string): Statement[] {
  return [...declared.values()].filter(({ name }) => name.startsWith(`${service}.`));
}

/** How the statements of a client are run. */
interface Runner {
  pool: Pool;
  /** Whether statements have names, by which a session finds them again. */
  named: boolean;
}

/** A client as `openDatabase` makes it, and not one of a transaction. */
interface OpenedClient {
  $disconnect(): Promise<void>;
}

const runners = new WeakMap<object, Runner>();

/** Lets the statements of a client be run over the pool under it. */
export function connectStatements(client: object, runner: Runner): void {
  runners.set(client, runner);
}

/** @throws TypeError where the client is not one of `openDatabase`. */
export function runnerOf(client: OpenedClient): Runner {
  const runner = runners.get(client);
  if (!runner) throw new TypeError('statements are run on a client that openDatabase has made');
  return runner;
}

/** What a session prepared before a migration changed the types of it. */
const stalePlan = new Set(['0A000']);

/** Runs a statement by itself, in a transaction of its own. */
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
