import { setTimeout as delay } from 'node:timers/promises';

/** A message on its way to one recipient, as one claim of it sees it. */
export type Delivery = {
  /** A whole number: deliveries of one recipient follow one another in this order. */
  id: string;
  messageId: string;
  userId: string;
  topic: string;
  title: string;
  body: string;
  link: string;
  /** Counts the claims, this one included. */
  attempts: number;
  /** How often the notification service failed at this one. */
  failures: number;
  /** How long it has waited to be delivered, in milliseconds. */
  waitedMs: number;
};

/** A service's generated Prisma client, whose schema has `notification_outbox` and `notification_deliveries`. */
export interface OutboxDatabase {
  $queryRaw<Rows = unknown>(sql: TemplateStringsArray, ...values: unknown[]): PromiseLike<Rows>;
  $executeRaw(sql: TemplateStringsArray, ...values: unknown[]): PromiseLike<number>;
}

/** What a claim goes by. */
export interface ClaimOptions {
  /** Most deliveries wanted. */
  limit: number;
  /** How long others are kept off, in milliseconds. */
  leaseMs: number;
  /** The earliest time that it may be: how long they have waited goes by it, or by the database's, whichever is earlier. */
  now: Date;
  /** The longest that a delivery is put off, in milliseconds. @default a minute */
  longestWaitMs?: number;
}

/**
 * Takes deliveries that are due, of each recipient the first alone, and keeps
 * other replicas off them until the lease ends: should this process die, they
 * are due again then. One that is due later than any wait makes it, or leased for
 * more than an hour, was written while the database's clock was ahead, and is
 * due as well.
 *
 * @returns In the order of their ids.
 */
export async function claimDeliveries(
  database: OutboxDatabase,
  { limit, leaseMs, now, longestWaitMs = 60_000 }: ClaimOptions,
): Promise<Delivery[]> {
  return database.$queryRaw<Delivery[]>`
    WITH claimed AS (
      UPDATE notification_deliveries
      SET attempts = attempts + 1, leased_until = now() + ${leaseMs}::int * interval '1 millisecond'
      WHERE id IN (
        SELECT id FROM notification_deliveries AS head
        WHERE failed_at IS NULL
          AND (due_at <= now() OR due_at > now() + ${longestWaitMs}::int * interval '1 millisecond')
          AND (leased_until IS NULL OR leased_until <= now() OR leased_until > now() + interval '1 hour')
          AND id = (SELECT min(id) FROM notification_deliveries AS lane
                    WHERE lane.user_id = head.user_id AND lane.failed_at IS NULL)
        ORDER BY due_at, id LIMIT ${limit}::int
        FOR UPDATE SKIP LOCKED
      )
      RETURNING id, message_id, user_id, attempts, failures, waits_since
    )
    SELECT claimed.id::text AS id, message_id::text AS "messageId", user_id::text AS "userId",
      topic, title, body, link, claimed.attempts, failures,
      (extract(epoch FROM least(now(), ${now}::timestamptz) - waits_since) * 1000)::float8 AS "waitedMs"
    FROM claimed JOIN notification_outbox ON notification_outbox.id = message_id
    ORDER BY claimed.id`;
}

/**
 * How often, and after which waits in milliseconds, to remove what another session holds: a claim of another replica keeps
 * a row that it finds leased locked until it ends.
 */
const removalWaitsMs = [0, 20, 100];

/** Removes what was delivered, and each message that has no delivery left. What another session goes on holding stays, and is sent again. */
export async function removeDeliveries(
  database: OutboxDatabase,
  deliveries: readonly Delivery[],
): Promise<void> {
  if (deliveries.length === 0) return;
  const ids = deliveries.map(({ id }) => id);
  let left = ids.length;
  for (const waitMs of removalWaitsMs) {
    if (left === 0) break;
    if (waitMs > 0) await delay(waitMs);
    left -= await database.$executeRaw`
      DELETE FROM notification_deliveries WHERE id IN (
        SELECT id FROM notification_deliveries WHERE id = ANY (${ids}::bigint[]) FOR UPDATE SKIP LOCKED
      )`;
  }
  const messageIds = new Set(deliveries.map(({ messageId }) => messageId));
  // A statement of its own, which sees what others have removed by now.
  await database.$executeRaw`
    DELETE FROM notification_outbox WHERE id IN (
      SELECT id FROM notification_outbox AS message
      WHERE id = ANY (${[...messageIds]}::uuid[])
        AND NOT EXISTS (SELECT FROM notification_deliveries WHERE message_id = message.id)
      FOR UPDATE SKIP LOCKED
    )`;
}

/** Removes every message that has no delivery left. */
export async function removeMessages(database: OutboxDatabase): Promise<void> {
  await database.$executeRaw`
    DELETE FROM notification_outbox WHERE id IN (
      SELECT id FROM notification_outbox AS message
      WHERE NOT EXISTS (SELECT FROM notification_deliveries WHERE message_id = message.id)
      FOR UPDATE SKIP LOCKED
    )`;
}

/** When a delivery is tried again. */
export type Retry = Readonly<{
  delivery: Delivery;
  /** In milliseconds. */
  delayMs: number;
  /** How often the notification service failed at it by now. */
  failures: number;
}>;

/** Gives claims back, to be tried again later. */
export async function postponeDeliveries(
  database: OutboxDatabase,
  retries: readonly Retry[],
  error: string,
): Promise<void> {
  if (retries.length === 0) return;
  // With the same count of attempts the claim is still this one: a lease that ran out may have a new holder.
  await database.$executeRaw`
    UPDATE notification_deliveries AS delivery
    SET leased_until = NULL, due_at = now() + delay_ms * interval '1 millisecond',
      failures = retry.failures, last_error = ${error}
    FROM unnest(
      ${retries.map(({ delivery }) => delivery.id)}::bigint[],
      ${retries.map(({ delivery }) => delivery.attempts)}::int[],
      ${retries.map(({ delayMs }) => delayMs)}::int[],
      ${retries.map(({ failures }) => failures)}::int[]
    ) AS retry (id, attempts, delay_ms, failures)
    WHERE delivery.id = retry.id AND delivery.attempts = retry.attempts`;
}

/** Sets a delivery aside: it is not tried again, and the next one of its recipient follows. @returns Whether the claim was still this one. */
export async function giveUpDelivery(
  database: OutboxDatabase,
  { id, attempts }: Delivery,
  { error, failures }: { error: string; failures: number },
): Promise<boolean> {
  const changed = await database.$executeRaw`
    UPDATE notification_deliveries
    SET leased_until = NULL, failed_at = now(), failures = ${failures}::int, last_error = ${error}
    WHERE id = ${id}::bigint AND attempts = ${attempts}::int`;
  return changed > 0;
}

/**
 * How long it is until the next delivery is due that no relay has claimed, in
 * milliseconds; Infinity where none waits. By the database's clock, which is the
 * one that claims go by.
 */
export async function nextDueMs(database: OutboxDatabase): Promise<number> {
  const [next] = await database.$queryRaw<{ ms: number }[]>`
    SELECT (extract(epoch FROM due_at - clock_timestamp()) * 1000)::float8 AS ms
    FROM notification_deliveries AS head
    WHERE failed_at IS NULL AND (leased_until IS NULL OR leased_until <= now())
      AND id = (SELECT min(id) FROM notification_deliveries AS lane
                WHERE lane.user_id = head.user_id AND lane.failed_at IS NULL)
    ORDER BY due_at, id LIMIT 1`;
  return next ? Math.max(next.ms, 0) : Infinity;
}

/** Makes everything due at once that waits because the notification service was away. */
export async function hurryDeliveries(database: OutboxDatabase): Promise<void> {
  await database.$executeRaw`
    UPDATE notification_deliveries SET due_at = now()
    WHERE id IN (
      SELECT id FROM notification_deliveries
      WHERE failed_at IS NULL AND failures = 0 AND due_at > now()
      FOR UPDATE SKIP LOCKED
    )`;
}
