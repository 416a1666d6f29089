import { setTimeout as delay } from 'node:timers/promises';
import { escapeIdentifier } from 'pg';
import { namesOf, objectOf, type AnyOutbox, type OutboxPayload, type RelayedOutbox } from './tables.ts';

/** A delivery of a message to one recipient, as returned by the claim of it. */
export type Delivery<Payload extends OutboxPayload = OutboxPayload> = {
  /** A whole number: deliveries of one recipient follow one another in this order. */
  id: string;
  messageId: string;
  /** Its deliveries follow one another. */
  recipient: string;
  payload: Payload;
  /** Of the trace that wrote it. */
  traceparent: string | null;
  /** Number of claims, including this one. */
  attempts: number;
  /** Number of times that the receiver failed at it. */
  failures: number;
  /** How long it has waited to be delivered, in milliseconds. */
  waitedMs: number;
};

/** Options of {@link claimDeliveries}. */
export interface ClaimOptions {
  /** Most deliveries. */
  limit: number;
  /** How long they belong to the claimer, in milliseconds. */
  leaseMs: number;
  /** The earliest possible time on this machine. Waiting is measured by it or the database's clock, whichever is earlier. */
  now: Date;
  /** The longest wait for a next attempt, in milliseconds. @default 60000 */
  longestWaitMs?: number;
}

/**
 * Claims deliveries that are due, only the first of each recipient, for the time of a lease: if this process dies, they
 * are due again when it ends. A delivery that is due later than the longest wait, or leased for more than an hour, was
 * written while the database's clock was ahead, and is due too.
 *
 * @returns In the order of their ids.
 */
export async function claimDeliveries<Payload extends OutboxPayload>(
  outbox: RelayedOutbox<Payload>,
  { limit, leaseMs, now, longestWaitMs = 60_000 }: ClaimOptions,
): Promise<Delivery<Payload>[]> {
  const { database, tables } = outbox;
  const { messages, deliveries, recipient } = namesOf(outbox);
  const traceparent =
    tables.traceparent === undefined ? 'NULL::text' : `message.${escapeIdentifier(tables.traceparent)}`;
  return database.query<Delivery<Payload>>(
    `WITH claimed AS (
      UPDATE ${deliveries}
      SET attempts = attempts + 1, leased_until = now() + $1::int * interval '1 millisecond'
      WHERE id IN (
        SELECT id FROM ${deliveries} AS head
        WHERE failed_at IS NULL
          AND (due_at <= now() OR due_at > now() + $2::int * interval '1 millisecond')
          AND (leased_until IS NULL OR leased_until <= now() OR leased_until > now() + interval '1 hour')
          AND id = (SELECT min(id) FROM ${deliveries} AS lane
                    WHERE lane.${recipient} = head.${recipient} AND lane.failed_at IS NULL)
        ORDER BY due_at, id LIMIT $3::int
        FOR UPDATE SKIP LOCKED
      )
      RETURNING id, message_id, ${recipient} AS recipient, attempts, failures, waits_since
    )
    SELECT claimed.id::text AS id, claimed.message_id::text AS "messageId", claimed.recipient::text AS recipient,
      ${objectOf(tables.payload)} AS payload, ${traceparent} AS traceparent, claimed.attempts, claimed.failures,
      (extract(epoch FROM least(now(), $4::timestamptz) - claimed.waits_since) * 1000)::float8 AS "waitedMs"
    FROM claimed JOIN ${messages} AS message ON message.id = claimed.message_id
    ORDER BY claimed.id`,
    [leaseMs, longestWaitMs, limit, now.toISOString()],
  );
}

/**
 * Waits before each attempt to delete rows that another session has locked, in milliseconds: a claim of another replica
 * locks rows that it skips until it ends.
 */
const removalWaitsMs = [0, 20, 100];

/** Deletes completed deliveries, and messages without further ones. Rows that stay locked remain, and are sent again. */
export async function removeDeliveries(outbox: AnyOutbox, done: readonly Delivery[]): Promise<void> {
  if (done.length === 0) return;
  const { database } = outbox;
  const { messages, deliveries } = namesOf(outbox);
  const ids = done.map(({ id }) => id);
  let left = ids.length;
  for (const waitMs of removalWaitsMs) {
    if (left === 0) break;
    if (waitMs > 0) await delay(waitMs);
    left -= await database.execute(
      `DELETE FROM ${deliveries} WHERE id IN (
        SELECT id FROM ${deliveries} WHERE id = ANY ($1::bigint[]) FOR UPDATE SKIP LOCKED
      )`,
      [ids],
    );
  }
  // A separate statement, which sees what others have deleted meanwhile.
  await database.execute(
    `DELETE FROM ${messages} WHERE id IN (
      SELECT id FROM ${messages} AS message
      WHERE id = ANY ($1::uuid[]) AND NOT EXISTS (SELECT FROM ${deliveries} WHERE message_id = message.id)
      FOR UPDATE SKIP LOCKED
    )`,
    [[...new Set(done.map(({ messageId }) => messageId))]],
  );
}

/** Deletes all messages without deliveries. */
export async function removeMessages(outbox: AnyOutbox): Promise<void> {
  const { messages, deliveries } = namesOf(outbox);
  await outbox.database.execute(
    `DELETE FROM ${messages} WHERE id IN (
      SELECT id FROM ${messages} AS message
      WHERE NOT EXISTS (SELECT FROM ${deliveries} WHERE message_id = message.id)
      FOR UPDATE SKIP LOCKED
    )`,
    [],
  );
}

/** When to try a delivery again. */
export type Retry = Readonly<{
  delivery: Delivery;
  /** In milliseconds. */
  delayMs: number;
  /** Number of times that the receiver has failed at it. */
  failures: number;
}>;

/** Ends claims; the deliveries are due again after the delay. */
export async function postponeDeliveries(
  outbox: AnyOutbox,
  retries: readonly Retry[],
  error: string,
): Promise<void> {
  if (retries.length === 0) return;
  const { deliveries } = namesOf(outbox);
  // The number of attempts identifies the claim: after the lease, another relay may have claimed the delivery.
  await outbox.database.execute(
    `UPDATE ${deliveries} AS delivery
    SET leased_until = NULL, due_at = now() + delay_ms * interval '1 millisecond',
      failures = retry.failures, last_error = $1::text
    FROM unnest($2::bigint[], $3::int[], $4::int[], $5::int[]) AS retry (id, attempts, delay_ms, failures)
    WHERE delivery.id = retry.id AND delivery.attempts = retry.attempts`,
    [
      error,
      retries.map(({ delivery }) => delivery.id),
      retries.map(({ delivery }) => delivery.attempts),
      retries.map(({ delayMs }) => delayMs),
      retries.map(({ failures }) => failures),
    ],
  );
}

/**
 * Gives a delivery up: it is not tried again, and the recipient's next one follows.
 *
 * @returns Whether the claim was still valid.
 */
export async function giveUpDelivery(
  outbox: AnyOutbox,
  { id, attempts }: Delivery,
  { error, failures }: { error: string; failures: number },
): Promise<boolean> {
  const changed = await outbox.database.execute(
    `UPDATE ${namesOf(outbox).deliveries}
    SET leased_until = NULL, failed_at = now(), failures = $1::int, last_error = $2::text
    WHERE id = $3::bigint AND attempts = $4::int`,
    [failures, error, id, attempts],
  );
  return changed > 0;
}

/**
 * How long until the next unclaimed delivery is due, in milliseconds, by the database's clock, which also decides
 * claims; Infinity if none waits.
 */
export async function nextDueMs(outbox: AnyOutbox): Promise<number> {
  const { deliveries, recipient } = namesOf(outbox);
  const [next] = await outbox.database.query<{ ms: number }>(
    `SELECT (extract(epoch FROM due_at - clock_timestamp()) * 1000)::float8 AS ms
    FROM ${deliveries} AS head
    WHERE failed_at IS NULL AND (leased_until IS NULL OR leased_until <= now())
      AND id = (SELECT min(id) FROM ${deliveries} AS lane
                WHERE lane.${recipient} = head.${recipient} AND lane.failed_at IS NULL)
    ORDER BY due_at, id LIMIT 1`,
    [],
  );
  return next ? Math.max(next.ms, 0) : Infinity;
}

/** Makes deliveries due that wait only because the receiver was unavailable. */
export async function hurryDeliveries(outbox: AnyOutbox): Promise<void> {
  const { deliveries } = namesOf(outbox);
  await outbox.database.execute(
    `UPDATE ${deliveries} SET due_at = now()
    WHERE id IN (
      SELECT id FROM ${deliveries}
      WHERE failed_at IS NULL AND failures = 0 AND due_at > now()
      FOR UPDATE SKIP LOCKED
    )`,
    [],
  );
}
