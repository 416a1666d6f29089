import { defaultBackoff } from './backoff.ts';

/** A message that is to be sent, as one claim of it sees it. */
export type OutboxRow = {
  id: string;
  userIds: string[];
  topic: string;
  title: string;
  body: string;
  link: string;
  /** Counts the claims, this one included. */
  attempts: number;
};

/** A service's generated Prisma client, whose schema has a table `notification_outbox`. */
export interface OutboxDatabase {
  $queryRaw<Rows = unknown>(sql: TemplateStringsArray, ...values: unknown[]): PromiseLike<Rows>;
  $executeRaw(sql: TemplateStringsArray, ...values: unknown[]): PromiseLike<number>;
}

/**
 * Takes messages that are due, and keeps other replicas off them until the
 * lease ends: should this process die, they are due again then. One that is due
 * later than any wait makes it, or leased for more than an hour, was written
 * while the database's clock was ahead, and is due as well.
 *
 * @param options.longestWaitMs The longest that a message is put off. @default a minute
 */
export async function claimNotices(
  database: OutboxDatabase,
  {
    limit,
    leaseMs,
    longestWaitMs = defaultBackoff.maxMs,
  }: { limit: number; leaseMs: number; longestWaitMs?: number },
): Promise<OutboxRow[]> {
  const rows = await database.$queryRaw<OutboxRow[]>`
    UPDATE notification_outbox
    SET attempts = attempts + 1, leased_until = now() + ${leaseMs}::int * interval '1 millisecond'
    WHERE id IN (
      SELECT id FROM notification_outbox
      WHERE failed_at IS NULL
        AND (due_at <= now() OR due_at > now() + ${longestWaitMs}::int * interval '1 millisecond')
        AND (leased_until IS NULL OR leased_until <= now() OR leased_until > now() + interval '1 hour')
      ORDER BY due_at, id LIMIT ${limit}::int
      FOR UPDATE SKIP LOCKED
    )
    RETURNING id, user_ids AS "userIds", topic, title, body, link, attempts`;
  // An UPDATE returns in no order; ids of version 7 sort by time.
  return rows.toSorted((a, b) => (a.id < b.id ? -1 : 1));
}

/** Removes a message that was delivered. */
export async function removeNotice(database: OutboxDatabase, { id }: OutboxRow): Promise<void> {
  await database.$executeRaw`DELETE FROM notification_outbox WHERE id = ${id}::uuid`;
}

/** Gives a claim back, to be tried again later. */
export async function postponeNotice(
  database: OutboxDatabase,
  row: OutboxRow,
  retry: { error: string; delayMs: number },
): Promise<void> {
  // With the same count of attempts the claim is still this one: a lease that ran out may have a new holder.
  await database.$executeRaw`
    UPDATE notification_outbox
    SET leased_until = NULL, due_at = now() + ${retry.delayMs}::int * interval '1 millisecond', last_error = ${retry.error}
    WHERE id = ${row.id}::uuid AND attempts = ${row.attempts}::int`;
}

/**
 * How long it is until the next message is due that nobody has claimed, in
 * milliseconds; Infinity where none waits. By the database's clock, which is the
 * one that claims go by.
 */
export async function nextDueMs(database: OutboxDatabase): Promise<number> {
  const [next] = await database.$queryRaw<{ ms: number }[]>`
    SELECT (extract(epoch FROM due_at - clock_timestamp()) * 1000)::float8 AS ms FROM notification_outbox
    WHERE failed_at IS NULL AND (leased_until IS NULL OR leased_until <= now())
    ORDER BY due_at LIMIT 1`;
  return next ? Math.max(next.ms, 0) : Infinity;
}

/** Sets a message aside that was refused for good. It stays in the table for somebody to look at. */
export async function parkNotice(database: OutboxDatabase, row: OutboxRow, error: string): Promise<void> {
  await database.$executeRaw`
    UPDATE notification_outbox SET leased_until = NULL, failed_at = now(), last_error = ${error}
    WHERE id = ${row.id}::uuid AND attempts = ${row.attempts}::int`;
}

/** Makes everything due at once that waits for its next attempt. */
export async function hurryNotices(database: OutboxDatabase): Promise<void> {
  await database.$executeRaw`
    UPDATE notification_outbox SET due_at = now() WHERE failed_at IS NULL AND due_at > now()`;
}
