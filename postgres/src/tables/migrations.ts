import { escapeIdentifier } from 'pg';

import { checkSchema, tableName } from '../sql/sql-database.ts';

/** A change of the tables of this package. Those that are published never change; new ones are added at the end. */
export interface TablesMigration {
  /** From 1, without gaps. */
  readonly version: number;
  readonly name: string;
  /** @param table The name of a table in the schema, for SQL. */
  readonly sql: (table: (name: string) => string) => string;
}

/** A release and the one before it use the same tables side by side, so a migration breaks neither. */
export const tablesMigrations: readonly TablesMigration[] = [
  {
    version: 1,
    name: 'idempotency keys',
    sql: (table) => `
CREATE TABLE ${table('idempotency_keys')} (
  caller text NOT NULL,
  procedure text NOT NULL,
  key text NOT NULL,
  fingerprint text NOT NULL,
  answer json,
  created_at timestamptz(3) NOT NULL DEFAULT now(),
  PRIMARY KEY (caller, procedure, key)
);
CREATE INDEX idempotency_keys_created_at_idx ON ${table('idempotency_keys')} (created_at);`,
  },
  {
    version: 2,
    name: 'outbox',
    sql: (table) => `
CREATE TABLE ${table('outbox_messages')} (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  topic text NOT NULL,
  payload json NOT NULL,
  traceparent text,
  created_at timestamptz(3) NOT NULL DEFAULT now()
);
CREATE TABLE ${table('outbox_deliveries')} (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  message_id uuid NOT NULL REFERENCES ${table('outbox_messages')} (id) ON DELETE CASCADE,
  ordering_key text NOT NULL,
  attempts int NOT NULL DEFAULT 0,
  failures int NOT NULL DEFAULT 0,
  due_at timestamptz(3) NOT NULL DEFAULT now(),
  waits_since timestamptz(3) NOT NULL DEFAULT now(),
  leased_until timestamptz(3),
  failed_at timestamptz(3),
  last_error text
);
CREATE INDEX outbox_deliveries_message_id_idx ON ${table('outbox_deliveries')} (message_id);
CREATE INDEX outbox_deliveries_lane_idx ON ${table('outbox_deliveries')} (ordering_key, id) WHERE failed_at IS NULL;
CREATE INDEX outbox_deliveries_due_at_idx ON ${table('outbox_deliveries')} (due_at, id) WHERE failed_at IS NULL;
CREATE INDEX outbox_deliveries_failed_at_idx ON ${table('outbox_deliveries')} (failed_at, id) WHERE failed_at IS NOT NULL;`,
  },
];

/** The version of the tables that this release works with. */
export const tablesVersion = tablesMigrations.length;

/** The table of the versions that were applied. */
export const versionsTable = 'arcadium_migrations';

/** Options of {@link tablesSql}. */
export interface TablesSqlOptions {
  /** @default 'arcadium' */
  schema?: string;
  /** Only what comes after this version. @default 0, everything */
  from?: number;
  /** A role that gets the rights which a service needs. @default none */
  grantTo?: string;
}

/**
 * The SQL that creates the tables of this package, or upgrades them, for those who apply it with another migration
 * tool. It records the versions, so that `arcadium-postgres migrate` may be used later.
 *
 * @throws TypeError if the schema's name is not usable; RangeError for a version that does not exist.
 *
 * @example
 * writeFileSync('migrations/0007_arcadium.sql', tablesSql({ schema: 'arcadium', grantTo: 'shop_app' }));
 */
export function tablesSql({ schema = 'arcadium', from = 0, grantTo }: TablesSqlOptions = {}): string {
  if (!Number.isInteger(from) || from < 0 || from > tablesVersion)
    throw new RangeError(`there is no version ${from} of the tables: use 0 to ${tablesVersion}`);
  checkSchema(schema);
  const steps = tablesMigrations.filter(({ version }) => version > from);
  return [
    ...(from === 0 ? [`CREATE SCHEMA IF NOT EXISTS ${escapeIdentifier(schema)};`, versionsSql(schema)] : []),
    ...steps.map((migration) => migrationSql(schema, migration)),
    ...(grantTo === undefined ? [] : [grantsSql(schema, grantTo)]),
  ].join('\n\n');
}

/** SQL that creates the table of versions. */
export function versionsSql(schema: string): string {
  return `CREATE TABLE IF NOT EXISTS ${tableName(schema, versionsTable)} (
  version int PRIMARY KEY,
  name text NOT NULL,
  applied_at timestamptz(3) NOT NULL DEFAULT now()
);`;
}

/** SQL of one migration, with the record that it was applied. */
export function migrationSql(schema: string, { version, name, sql }: TablesMigration): string {
  const record = `INSERT INTO ${tableName(schema, versionsTable)} (version, name) VALUES (${version}, '${name}');`;
  return `-- ${version}: ${name}${sql((table) => tableName(schema, table))}\n${record}`;
}

/** What a service needs: rows of the tables, and no right to change the tables themselves. */
export function grantsSql(schema: string, role: string): string {
  const tables = ['idempotency_keys', 'outbox_messages', 'outbox_deliveries'];
  const names = tables.map((table) => tableName(schema, table)).join(', ');
  const grantee = escapeIdentifier(role);
  return `GRANT USAGE ON SCHEMA ${escapeIdentifier(schema)} TO ${grantee};
GRANT SELECT, INSERT, UPDATE, DELETE ON ${names} TO ${grantee};`;
}
