import { SteadyClock } from '@arcadium/mesh/clock';
import { cursorOf, pageOf } from '@arcadium/mesh/server';
import { z } from 'zod';
import { Retention } from '../database/retention.ts';
import type { Logger } from '../logger.ts';
import { removeMessages, type OutboxDatabase } from './claims.ts';

/** A notification that was given up for one recipient. */
type GivenUp = {
  id: string;
  userId: string;
  topic: string;
  title: string;
  createdAt: Date;
  givenUpAt: Date;
  attempts: number;
  failures: number;
  error: string | null;
};

const cursors = cursorOf(z.string().regex(/^\d{1,18}$/));

/** A call of one of the handlers, of which this is needed. */
type Call<Input> = Readonly<{ input: Input; log: Logger }>;

/** What administrators do about notifications that were given up: the group `outbox` of a service's contract. */
export function createOutboxHandlers(database: OutboxDatabase) {
  return {
    list: async ({ input }: Call<{ limit: number; cursor?: string | undefined }>) => {
      const rows = await listGivenUp(database, input.limit + 1, cursors.decode(input.cursor));
      return pageOf(rows, input.limit, { item: present, cursor: ({ id }) => cursors.encode(id) });
    },
    retry: async ({ input: { ids }, log }: Call<{ ids: readonly string[] }>) => {
      const changed = await retryGivenUp(database, ids);
      if (changed > 0) log.info({ changed }, 'retrying notifications that were given up');
      return { changed };
    },
    drop: async ({ input: { ids }, log }: Call<{ ids: readonly string[] }>) => {
      const changed = await dropGivenUp(database, ids);
      if (changed > 0) log.info({ changed }, 'dropped notifications that were given up');
      return { changed };
    },
  };
}

/** The handlers of the group `outbox`. */
export type OutboxHandlers = ReturnType<typeof createOutboxHandlers>;

/**
 * Makes what deletes notifications that were given up long ago, and messages
 * that a process which died left without a delivery: at the start, and then once
 * an hour.
 *
 * @param options.keepDays How long one is kept after it was given up, in days. @default 90
 */
export function createOutboxRetention(options: {
  database: OutboxDatabase;
  log: Logger;
  keepDays?: number;
  clock?: SteadyClock;
}): Retention {
  const { database, log, keepDays = 90, clock = new SteadyClock() } = options;
  return new Retention({
    what: 'notifications that were given up long ago',
    log,
    everyMs: 3_600_000,
    clock,
    deleteSome: async (limit, now) => {
      const deleted = await database.$executeRaw`
        DELETE FROM notification_deliveries WHERE id IN (
          SELECT id FROM notification_deliveries
          WHERE failed_at < least(now(), ${now}::timestamptz) - make_interval(days => ${keepDays}::int)
          ORDER BY failed_at, id LIMIT ${limit}::int
          FOR UPDATE SKIP LOCKED
        )`;
      await removeMessages(database);
      return deleted;
    },
  });
}

function listGivenUp(
  database: OutboxDatabase,
  limit: number,
  after: string | undefined,
): PromiseLike<GivenUp[]> {
  return database.$queryRaw<GivenUp[]>`
    SELECT delivery.id::text AS id, user_id::text AS "userId", topic, title, message.created_at AS "createdAt",
      delivery.failed_at AS "givenUpAt", delivery.attempts, failures, delivery.last_error AS error
    FROM notification_deliveries AS delivery JOIN notification_outbox AS message ON message.id = message_id
    WHERE delivery.failed_at IS NOT NULL AND (${after ?? null}::bigint IS NULL OR delivery.id < ${after ?? null}::bigint)
    ORDER BY delivery.id DESC LIMIT ${limit}::int`;
}

/** They take their place again, before what was written to their recipients after them. */
function retryGivenUp(database: OutboxDatabase, ids: readonly string[]): PromiseLike<number> {
  return database.$executeRaw`
    UPDATE notification_deliveries
    SET failed_at = NULL, attempts = 0, failures = 0, due_at = now(), waits_since = now()
    WHERE id = ANY (${ids}::bigint[]) AND failed_at IS NOT NULL`;
}

async function dropGivenUp(database: OutboxDatabase, ids: readonly string[]): Promise<number> {
  const dropped = await database.$executeRaw`
    DELETE FROM notification_deliveries WHERE id = ANY (${ids}::bigint[]) AND failed_at IS NOT NULL`;
  if (dropped > 0) await removeMessages(database);
  return dropped;
}

function present({ createdAt, givenUpAt, ...notice }: GivenUp) {
  return { ...notice, createdAt: createdAt.toISOString(), givenUpAt: givenUpAt.toISOString() };
}
