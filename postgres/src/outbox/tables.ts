import { escapeIdentifier, escapeLiteral } from 'pg';
import { tableName, type SqlExecutor } from '../sql/sql-database.ts';

/** What a message says: columns of its row, with the values that JSON has for them. */
export type OutboxPayload = Readonly<{
  /** What the message is about, for logs and metrics. */
  topic: string;
}>;

/**
 * The tables of an outbox in a service's schema.
 *
 * - Messages: `id uuid`, `created_at timestamptz`, and a column for each property of the payload. After an insert, a
 *   trigger adds a delivery for each recipient, and notifies the channel `<service>_<messages>`.
 * - Deliveries: `id bigint` from a sequence, `message_id uuid`, `user_id uuid` (the recipient), `attempts` and
 *   `failures` of type `int` from 0, `due_at` and `waits_since` of type `timestamptz` from `now()`, `leased_until` and
 *   `failed_at` of type `timestamptz`, and `last_error text`.
 *
 * @typeParam Listed The part of the payload that administrators see of a message that was given up.
 */
export type OutboxTables<
  Payload extends OutboxPayload = OutboxPayload,
  Listed extends keyof Payload & string = keyof Payload & string,
> = Readonly<{
  /** Name of the table of messages. */
  messages: string;
  /** Name of the table of deliveries. */
  deliveries: string;
  /** The properties of the payload, which are names of columns. */
  payload: readonly (keyof Payload & string)[];
  /** Those that administrators see. */
  listed: readonly Listed[];
  /** Name of a column of the messages, of type `text` and nullable, for the trace that wrote one (`produce`). @default none */
  traceparent?: string;
  /** Name of the column of the deliveries that has the recipient, in place of `user_id`; any type. @default 'user_id' */
  recipient?: string;
  /** The channel that is notified after an insert. @default `<service>_<messages>` */
  channel?: string;
}>;

/** An outbox that a relay delivers. */
export interface RelayedOutbox<
  Payload extends OutboxPayload = OutboxPayload,
  Listed extends keyof Payload & string = keyof Payload & string,
> {
  /** From `fromPg`, `fromPrisma` or `fromDrizzle`; its schema has the tables. */
  database: SqlExecutor;
  tables: OutboxTables<Payload, Listed>;
}

/** An outbox with any payload. */
export interface AnyOutbox {
  database: SqlExecutor;
  tables: Readonly<{ messages: string; deliveries: string; recipient?: string }>;
}

/** The names of the tables and of the recipient's column, for SQL. */
export function namesOf({ database, tables }: AnyOutbox) {
  return {
    messages: tableName(database.schema, tables.messages),
    deliveries: tableName(database.schema, tables.deliveries),
    recipient: escapeIdentifier(recipientOf(tables)),
  };
}

/** The name of the recipient's column, which is also that of the field in the log. */
export function recipientOf({ recipient = 'user_id' }: AnyOutbox['tables']): string {
  return recipient;
}

/** SQL for an object of columns of the messages. */
export function objectOf(columns: readonly string[]): string {
  return `json_build_object(${columns.map((name) => `${escapeLiteral(name)}, message.${escapeIdentifier(name)}`).join(', ')})`;
}
