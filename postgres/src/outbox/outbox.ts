import { within } from '@arcadium/mesh/config';
import { MeshError } from '@arcadium/mesh/contract';
import { createLogger } from '@arcadium/mesh/telemetry';
import type { z } from 'zod';

import type { DatabaseUrl } from '../database/database-url.ts';
import type { FromJson } from '../idempotency/once.ts';
import type { Logger } from '../logger.ts';
import { tableName, type SqlDatabase } from '../sql/sql-database.ts';
import type { DeliveryOptions, OutboxMessage } from './delivery.ts';
import { createOutboxHandlers, createOutboxRetention } from './given-up.ts';
import { createOutboxRelay } from './relay.ts';
import type { OutboxTables } from './tables.ts';
import { produce } from './trace.ts';
import { judged } from './undeliverable-error.ts';

/** The topics of an outbox, and the schemas of their payloads. */
export type Topics = Readonly<Record<string, z.ZodType>>;

/** Options of {@link Outbox}. */
export interface OutboxOptions<Of extends Topics, Transaction> {
  /** From `fromPg`, `fromPrisma` or `fromDrizzle`. */
  database: SqlDatabase<Transaction>;
  /** Your service, such as `shop`: the first part of each key, and a label of the metrics. */
  service: string;
  topics: Of;
}

/** A message to publish. */
export type NewMessage<Of extends Topics> = {
  [Topic in keyof Of & string]: Readonly<{
    topic: Topic;
    payload: z.input<Of[Topic]>;
    /**
     * Messages with the same one are delivered one after another, in the order of writing; at most 255 characters.
     *
     * @default the id of the message, so it waits for no other
     */
    orderingKey?: string | undefined;
  }>;
}[keyof Of & string];

/** A message to deliver. */
export type PublishedMessage<Of extends Topics> = {
  [Topic in keyof Of & string]: Readonly<{
    /** `<service>:<id of the message>`: the same in each attempt. Use it as the idempotency key of the receiver. */
    key: string;
    topic: Topic;
    /** After a round trip through JSON. */
    payload: FromJson<z.output<Of[Topic]>>;
    orderingKey: string;
  }>;
}[keyof Of & string];

type Tuning = 'concurrency' | 'backoff' | 'maxFailures' | 'maxWaitMs';

/** Options of {@link Outbox.startRelay}. */
export interface StartRelayOptions<Of extends Topics> extends Pick<DeliveryOptions, Tuning> {
  /**
   * Delivers a message: any function, such as a call of a mesh client. If it rejects, the message is tried again, up
   * to 20 times, or for 7 days while the receiver cannot be reached.
   *
   * @param signal Fires after `deliverTimeoutMs`, or when the relay is stopped and drained.
   * @throws UndeliverableError for a message that will never be accepted.
   */
  deliver: (message: PublishedMessage<Of>, signal: AbortSignal) => Promise<unknown>;
  /**
   * `postgres://role:password@host:port/database`, for the connection that listens for new messages: to PostgreSQL
   * itself, not through a pooler.
   *
   * @default none: messages are found by polling alone
   */
  databaseUrl?: DatabaseUrl;
  /** Longest time between two looks at the outbox, in milliseconds. @default 3000 */
  pollMs?: number;
  /** Longest time for a delivery, in milliseconds. @default 20000 */
  deliverTimeoutMs?: number;
  /** How long `stop()` waits for deliveries in progress, in milliseconds. @default 5000 */
  drainMs?: number;
  /** How long a message that was given up is kept, in days. @default 90 */
  keepDays?: number;
  /** @default a logger of the mesh, named after the service */
  log?: Logger;
}

/** A relay that delivers. */
export interface RunningRelay extends AsyncDisposable {
  /** Claims nothing more, waits for deliveries in progress, and resolves when they have ended. */
  stop(): Promise<void>;
}

type Row = Readonly<{ topic: string; payload: unknown }>;

const tables: OutboxTables<Row, 'topic'> = {
  messages: 'outbox_messages',
  deliveries: 'outbox_deliveries',
  payload: ['topic', 'payload'],
  listed: ['topic'],
  traceparent: 'traceparent',
  recipient: 'ordering_key',
};

/** Longest ordering key, in characters. */
const longestOrderingKey = 255;
/** PostgreSQL's text holds no NUL. */
const orderingKeys = new RegExp(`^[^\\0]{1,${longestOrderingKey}}$`);
/** Longest payload, in characters of JSON. */
const longestPayload = 1024 * 1024;

/**
 * A transactional outbox in your own database: a message is published in the transaction of the change that it
 * reports, and a relay delivers it after the commit, at least once. A rollback leaves no message.
 *
 * @example
 * const outbox = new Outbox({
 *   service: 'shop',
 *   database,
 *   topics: { 'order.created': z.object({ id: z.string(), item: z.string() }) },
 * });
 *
 * // In the transaction that creates the order:
 * await outbox.publish(client, { topic: 'order.created', payload: { id, item }, orderingKey: customerId });
 *
 * // At start, in any number of replicas:
 * const relay = outbox.startRelay({
 *   databaseUrl: process.env.DATABASE_URL,
 *   deliver: ({ key, payload }, signal) =>
 *     mail.orders.confirm.mutate(payload, { signal, context: { idempotencyKey: key } }),
 * });
 * await relay.stop();
 */
export class Outbox<const Of extends Topics, Transaction> {
  readonly #options: OutboxOptions<Of, Transaction>;

  constructor(options: OutboxOptions<Of, Transaction>) {
    this.#options = options;
  }

  /**
   * Publishes a message in a transaction.
   *
   * @returns Its key.
   * @throws TypeError for an unknown topic, or an ordering key or payload that is too long; ZodError for a payload
   * that does not match its schema; the error of the database.
   */
  async publish(transaction: Transaction, message: NewMessage<Of>): Promise<string> {
    const { database, service } = this.#options;
    const { topic, payload, orderingKey } = this.#checked(message);
    const executor = database.within(transaction);
    const [row] = await produce(tables, (traceparent) =>
      executor.query<{ id: string }>(insertion(database.schema), [
        topic,
        payload,
        traceparent,
        orderingKey ?? null,
        channelOf(database.schema),
      ]),
    );
    return `${service}:${row?.id}`;
  }

  /** Starts to deliver messages. Every replica may run a relay. */
  startRelay(options: StartRelayOptions<Of>): RunningRelay {
    const { deliver, keepDays, deliverTimeoutMs = 20_000, drainMs = 5_000, ...others } = options;
    const { database, service } = this.#options;
    const log: Logger = options.log ?? createLogger({ service });
    const relay = createOutboxRelay<Row>({
      ...others,
      service,
      database,
      tables: { ...tables, channel: channelOf(database.schema) },
      log,
      drainMs,
      batch: 1,
      // Later than the time limit below.
      sendTimeoutMs: deliverTimeoutMs + 1000,
      // A delivery that takes long may do so for a good reason.
      outrunMs: Infinity,
      // A claimed message waits for at most one delivery before its own.
      leaseMs: Math.max(60_000, 3 * deliverTimeoutMs),
      send: async ([message], signal) => {
        const delivered = async (over: AbortSignal) => message && deliver(presented(message), over);
        // Not every function heeds the signal.
        await within(delivered, { ms: deliverTimeoutMs, signal, onLate: tooLate }).catch(rethrow);
        return { undelivered: [] };
      },
    });
    const retention = createOutboxRetention({
      database,
      tables,
      log,
      ...(keepDays !== undefined && { keepDays }),
    });
    relay.start();
    retention.start();
    const stop = async () => {
      await Promise.all([relay.stop(), retention.stop()]);
    };
    return { stop, [Symbol.asyncDispose]: stop };
  }

  /**
   * Handlers that list, retry and drop messages that were given up, for procedures of your administrators. `list`
   * takes `{ input: { limit, cursor? } }` and answers `{ items, nextCursor }`; the others take `{ input: { ids } }`.
   * All take the `log` of the call.
   */
  get givenUp() {
    const { list, ...others } = createOutboxHandlers({ database: this.#options.database, tables });
    return {
      ...others,
      list: async (call: Parameters<typeof list>[0]) => {
        const { items, nextCursor } = await list(call);
        return { items: items.map(withOrderingKey), nextCursor };
      },
    };
  }

  #checked({ topic, payload, orderingKey }: NewMessage<Of>) {
    const { topics } = this.#options;
    const schema = Object.hasOwn(topics, topic) ? topics[topic] : undefined;
    if (!schema)
      throw new TypeError(`Unknown topic "${topic}"; there are: ${Object.keys(topics).join(', ')}`);
    if (orderingKey !== undefined && !orderingKeys.test(orderingKey))
      throw new TypeError(`an ordering key must be 1 to ${longestOrderingKey} characters long, without NUL`);
    const text = JSON.stringify(schema.parse(payload)) as string | undefined;
    if (text === undefined || text.length > longestPayload)
      throw new TypeError(`a payload must be JSON of at most ${longestPayload} characters`);
    return { topic, payload: text, orderingKey };
  }
}

function withOrderingKey<Item extends { userId: string }>({ userId: orderingKey, ...item }: Item) {
  return Object.assign(item, { orderingKey });
}

function presented<Of extends Topics>({ userId, ...message }: OutboxMessage<Row>): PublishedMessage<Of> {
  // Written by `publish`, which has checked it.
  return { ...message, orderingKey: userId } as unknown as PublishedMessage<Of>;
}

/** Says nothing about the message: the receiver may hang. */
function tooLate(): never {
  throw new MeshError('TIMEOUT', 'the delivery took too long');
}

function rethrow(error: unknown): never {
  throw judged(error) as Error;
}

/** Channels are one name space for the whole database, so the schema is part of the name. */
function channelOf(schema: string): string {
  return `outbox_${schema}`;
}

/** Writes a message and its delivery, and notifies relays when the transaction commits. */
function insertion(schema: string): string {
  return `WITH message AS (
      INSERT INTO ${tableName(schema, tables.messages)} (topic, payload, traceparent)
      VALUES ($1::text, $2::json, $3::text) RETURNING id
    ), delivery AS (
      INSERT INTO ${tableName(schema, tables.deliveries)} (message_id, ordering_key)
      SELECT id, coalesce($4::text, id::text) FROM message
    )
    SELECT id::text AS id, pg_notify($5::text, '')::text AS notified FROM message`;
}
