import type { PrismaClient } from '@arcadium/prisma/notification';

/** Deletes old notifications. */
export class RetentionStore {
  readonly #client: PrismaClient;

  constructor(client: PrismaClient) {
    this.#client = client;
  }

  /**
   * Deletes up to `limit` notifications that were read more than `days` days ago, oldest first, unless
   * another process is deleting. Age is judged by the database's time or by `now`, whichever is earlier.
   *
   * @returns The number deleted; `busy` if another process is deleting.
   */
  async deleteRead({
    days,
    limit,
    now,
  }: {
    days: number;
    limit: number;
    now: Date;
  }): Promise<number | 'busy'> {
    // One statement, so the lock lasts exactly as long as the deletion.
    const [answer] = await this.#client.$queryRaw<[{ mine: boolean; deleted: number }]>`
      WITH turn AS MATERIALIZED (
        SELECT pg_try_advisory_xact_lock(hashtext('notification.retention'), 0) AS mine
      ), deleted AS (
        DELETE FROM notifications WHERE id IN (
          SELECT id FROM notifications
          WHERE (SELECT mine FROM turn) AND read_at < least(now(), ${now}::timestamptz) - make_interval(days => ${days}::int)
          ORDER BY read_at LIMIT ${limit}::int
        )
        RETURNING id
      )
      SELECT (SELECT mine FROM turn) AS mine, (SELECT count(*)::int FROM deleted) AS deleted`;
    return answer.mine ? answer.deleted : 'busy';
  }
}
