import { SteadyClock } from '@arcadium/mesh/config';
import { cursorOf, pageOf } from '@arcadium/mesh/server';
import { z } from 'zod';
import { Retention } from '../database/retention.ts';
import type { Logger } from '../logger.ts';
import { removeMessages } from './claims.ts';
import { namesOf, objectOf, type AnyOutbox, type OutboxPayload, type RelayedOutbox } from './tables.ts';

/** A delivery that was given up. */
type GivenUp<Listed> = {
  id: string;
  userId: string;
  listed: Listed;
  createdAt: string;
  givenUpAt: string;
  attempts: number;
  failures: number;
  error: string | null;
};

const cursors = cursorOf(z.string().regex(/^\d{1,18}$/));

/** The used part of a call. */
type Call<Input> = Readonly<{ input: Input; log: Logger }>;

/**
 * The handlers with which administrators list, retry and drop messages that were given up.
 *
 * @example
 * const handlers = { ...others, outbox: createOutboxHandlers({ database, tables: notificationOutbox }) };
 */
export function createOutboxHandlers<Payload extends OutboxPayload, Listed extends keyof Payload & string>(
  outbox: RelayedOutbox<Payload, Listed>,
) {
  return {
    list: async ({ input }: Call<{ limit: number; cursor?: string | undefined }>) => {
      const rows = await listGivenUp(outbox, input.limit + 1, cursors.decode(input.cursor));
      return pageOf(rows, input.limit, {
        item: present<Pick<Payload, Listed>>,
        cursor: ({ id }) => cursors.encode(id),
      });
    },
    retry: async ({ input: { ids }, log }: Call<{ ids: readonly string[] }>) => {
      const changed = await retryGivenUp(outbox, ids);
      if (changed > 0) log.info({ changed }, 'retrying outbox messages that were given up');
      return { changed };
    },
    drop: async ({ input: { ids }, log }: Call<{ ids: readonly string[] }>) => {
      const changed = await dropGivenUp(outbox, ids);
      if (changed > 0) log.info({ changed }, 'dropped outbox messages that were given up');
      return { changed };
    },
  };
}

/** The handlers of an outbox. */
export type OutboxHandlers<Payload extends OutboxPayload, Listed extends keyof Payload & string> = ReturnType<
  typeof createOutboxHandlers<Payload, Listed>
>;

/**
 * Creates the job that deletes deliveries some time after they were given up, and messages without deliveries that a
 * crash has left: at start, and then every hour.
 *
 * @param options.keepDays How long a delivery is kept after it was given up, in days. @default 90
 *
 * @example
 * const retention = createOutboxRetention({ database, tables: notificationOutbox, log });
 * retention.start();
 * await retention.stop();
 */
export function createOutboxRetention(options: {
  database: AnyOutbox['database'];
  tables: AnyOutbox['tables'];
  log: Logger;
  keepDays?: number;
  clock?: SteadyClock;
}): Retention {
  const { database, tables, log, keepDays = 90, clock = new SteadyClock() } = options;
  const { deliveries } = namesOf({ database, tables });
  return new Retention({
    what: 'outbox messages that were given up long ago',
    log,
    everyMs: 3_600_000,
    clock,
    deleteSome: async (limit, now) => {
      const deleted = await database.execute(
        `DELETE FROM ${deliveries} WHERE id IN (
          SELECT id FROM ${deliveries}
          WHERE failed_at < least(now(), $1::timestamptz) - make_interval(days => $2::int)
          ORDER BY failed_at, id LIMIT $3::int
          FOR UPDATE SKIP LOCKED
        )`,
        [now.toISOString(), keepDays, limit],
      );
      await removeMessages({ database, tables });
      return deleted;
    },
  });
}

async function listGivenUp<Payload extends OutboxPayload, Listed extends keyof Payload & string>(
  outbox: RelayedOutbox<Payload, Listed>,
  limit: number,
  after: string | undefined,
): Promise<GivenUp<Pick<Payload, Listed>>[]> {
  const { messages, deliveries, recipient } = namesOf(outbox);
  return outbox.database.query(
    `SELECT delivery.id::text AS id, delivery.${recipient}::text AS "userId",
      ${objectOf(outbox.tables.listed)} AS listed, ${isoOf('message.created_at')} AS "createdAt",
      ${isoOf('delivery.failed_at')} AS "givenUpAt", delivery.attempts, delivery.failures,
      delivery.last_error AS error
    FROM ${deliveries} AS delivery JOIN ${messages} AS message ON message.id = delivery.message_id
    WHERE delivery.failed_at IS NOT NULL AND ($1::bigint IS NULL OR delivery.id < $1::bigint)
    ORDER BY delivery.id DESC LIMIT $2::int`,
    [after ?? null, limit],
  );
}

/** SQL for a time as `Date.toISOString` has it. */
function isoOf(column: string): string {
  return `to_char(${column} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`;
}

/** They keep their ids, so they are delivered before later messages of their recipients. */
function retryGivenUp(outbox: AnyOutbox, ids: readonly string[]): Promise<number> {
  return outbox.database.execute(
    `UPDATE ${namesOf(outbox).deliveries}
    SET failed_at = NULL, attempts = 0, failures = 0, due_at = now(), waits_since = now()
    WHERE id = ANY ($1::bigint[]) AND failed_at IS NOT NULL`,
    [ids],
  );
}

async function dropGivenUp(outbox: AnyOutbox, ids: readonly string[]): Promise<number> {
  const dropped = await outbox.database.execute(
    `DELETE FROM ${namesOf(outbox).deliveries} WHERE id = ANY ($1::bigint[]) AND failed_at IS NOT NULL`,
    [ids],
  );
  if (dropped > 0) await removeMessages(outbox);
  return dropped;
}

function present<Listed>({ listed, ...delivery }: GivenUp<Listed>) {
  return { ...delivery, ...listed };
}
