import { escapeIdentifier, escapeLiteral } from 'pg';

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
}>;

/** A service's generated Prisma client, whose schema has the tables. */
export interface OutboxDatabase {
  $queryRawUnsafe<Rows = unknown>(sql: string, ...values: unknown[]): PromiseLike<Rows>;
  $executeRawUnsafe(sql: string, ...values: unknown[]): PromiseLike<number>;
}

/** The outbox of a service. */
export interface Outbox<
  Payload extends OutboxPayload = OutboxPayload,
  Listed extends keyof Payload & string = keyof Payload & string,
> {
  database: OutboxDatabase;
  tables: OutboxTables<Payload, Listed>;
}

/** An outbox with any payload. */
export interface AnyOutbox {
  database: OutboxDatabase;
  tables: Readonly<{ messages: string; deliveries: string }>;
}

/** The names of the tables, for SQL. */
export function namesOf({ messages, deliveries }: AnyOutbox['tables']): AnyOutbox['tables'] {
  return { messages: escapeIdentifier(messages), deliveries: escapeIdentifier(deliveries) };
}

/** SQL for an object of columns of the messages. */
export function objectOf(columns: readonly string[]): string {
  return `json_build_object(${columns.map((name) => `${escapeLiteral(name)}, message.${escapeIdentifier(name)}`).join(', ')})`;
}
