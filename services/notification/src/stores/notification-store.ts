import type { PlaceInTime } from '@arcadium/mesh/server';
import { run, Statement, type RowOf } from '@arcadium/postgres/statement';
import type { PrismaClient } from '@arcadium/prisma/notification';
import type { Position } from '../domain/position.ts';

/** A page of a list, newest first; without a position, from the newest. */
const part = {
  parameters: ['uuid', 'timestamptz?', 'uuid?', 'int4'],
  columns: {
    id: 'uuid',
    topic: 'text',
    title: 'text',
    body: 'text',
    link: 'text?',
    sender: 'text',
    createdAt: 'timestamptz iso',
    readAt: 'timestamptz iso?',
  },
} as const;

// A `SELECT` instead of the plain parameter: otherwise a plan for a specific limit looks cheaper than a
// generic one, and PostgreSQL plans each call.
const textOfPart = (which: string): string => `
  SELECT id, topic, title, body, link, sender, created_at AS "createdAt", read_at AS "readAt" FROM notifications
  WHERE user_id = $1 ${which}
    AND (created_at, id) < (coalesce($2::timestamptz, 'infinity'), coalesce($3::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff'))
  ORDER BY created_at DESC, id DESC LIMIT (SELECT $4::int)`;

const listAll = new Statement({ name: 'notification.list', ...part, text: textOfPart('') });
const listUnread = new Statement({
  name: 'notification.list-unread',
  ...part,
  text: textOfPart('AND read_at IS NULL'),
});

const countUnread = new Statement({
  name: 'notification.count-unread',
  parameters: ['uuid'],
  columns: { count: 'int4' },
  text: 'SELECT count(*)::int AS count FROM notifications WHERE user_id = $1 AND read_at IS NULL',
});

/** A notification with the fields shown to its reader. */
export type ListedNotification = RowOf<typeof listAll>;

/** The requested page of a list. */
export type Part = Readonly<{
  /** Most rows. */
  limit: number;
  /** The end of the previous page. */
  after: PlaceInTime | undefined;
  unreadOnly: boolean;
}>;

/** Most notifications that one statement marks as read. */
export const mostMarkedAtOnce = 5000;

/** The notifications of one user; each method reads and changes only theirs. */
export class NotificationStore {
  readonly #client: PrismaClient;

  constructor(client: PrismaClient) {
    this.#client = client;
  }

  /** A page of a user's notifications, newest first. */
  list(userId: string, { limit, after, unreadOnly }: Part): Promise<ListedNotification[]> {
    const list = unreadOnly ? listUnread : listAll;
    return run(this.#client, list, [userId, after?.at ?? null, after?.id ?? null, limit]);
  }

  async unreadCount(userId: string): Promise<number> {
    const [row] = await run(this.#client, countUnread, [userId]);
    return row?.count ?? 0;
  }

  /** The position of one of the user's notifications. */
  find(userId: string, id: string): Promise<Position | null> {
    return this.#client.notification.findFirst({
      where: { id, userId },
      select: { id: true, createdAt: true },
    });
  }

  /** Marks some as read. @returns The number that were unread. */
  markRead(userId: string, ids: readonly string[]): Promise<number> {
    return this.#client.$executeRaw`
      UPDATE notifications SET read_at = now()
      WHERE user_id = ${userId}::uuid AND id = ANY (${ids}::uuid[]) AND read_at IS NULL`;
  }

  /** Marks the notifications that one service sent about a link as read. @returns The number that were unread. */
  markLinkRead(userId: string, { sender, link }: { sender: string; link: string }): Promise<number> {
    return this.#client.$executeRaw`
      UPDATE notifications SET read_at = now()
      WHERE user_id = ${userId}::uuid AND sender = ${sender} AND link = ${link} AND read_at IS NULL`;
  }

  /**
   * Marks everything up to and including a position as read, in separately committed parts, so that an
   * interrupted call has made progress.
   *
   * @returns The number that were unread.
   */
  async markReadUpTo(userId: string, place: Position): Promise<number> {
    for (let total = 0; ;) {
      const marked = await this.#markSomeReadUpTo(userId, place);
      total += marked;
      if (marked < mostMarkedAtOnce) return total;
    }
  }

  #markSomeReadUpTo(userId: string, { createdAt, id }: Position): Promise<number> {
    return this.#client.$executeRaw`
      UPDATE notifications SET read_at = now()
      WHERE id IN (
        SELECT id FROM notifications
        WHERE user_id = ${userId}::uuid AND read_at IS NULL
          AND (created_at, id) <= (${createdAt}::timestamptz, ${id}::uuid)
        ORDER BY created_at, id LIMIT ${mostMarkedAtOnce}::int
      ) AND read_at IS NULL`;
  }
}
