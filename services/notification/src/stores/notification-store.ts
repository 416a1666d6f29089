import type { PlaceInTime } from '@arcadium/mesh/server';
import type { Notification as Row, PrismaClient } from '@arcadium/prisma/notification';
import type { Position } from '../domain/position.ts';
import { newestFirst, olderThan } from './keyset.ts';

/** A notification as it is stored. */
export type StoredNotification = Row;

/** Which part of a list is wanted. */
export type Part = Readonly<{
  /** Most rows wanted. */
  limit: number;
  /** Where the part before ended. */
  after: PlaceInTime | undefined;
  unreadOnly: boolean;
}>;

/** How many notifications one statement marks as read at most. */
export const mostMarkedAtOnce = 5000;

/** What a user asks about his own notifications; nobody else's are reached. */
export class NotificationStore {
  readonly #client: PrismaClient;

  constructor(client: PrismaClient) {
    this.#client = client;
  }

  /** A part of a user's notifications, newest first. */
  list(userId: string, { limit, after, unreadOnly }: Part): Promise<StoredNotification[]> {
    return this.#client.notification.findMany({
      where: { userId, ...(unreadOnly && { readAt: null }), ...olderThan(after) },
      orderBy: newestFirst,
      take: limit,
    });
  }

  unreadCount(userId: string): Promise<number> {
    return this.#client.notification.count({ where: { userId, readAt: null } });
  }

  /** Where one of the user's notifications stands. */
  find(userId: string, id: string): Promise<Position | null> {
    return this.#client.notification.findFirst({
      where: { id, userId },
      select: { id: true, createdAt: true },
    });
  }

  /** Marks some as read. @returns how many were unread. */
  markRead(userId: string, ids: readonly string[]): Promise<number> {
    return this.#client.$executeRaw`
      UPDATE notifications SET read_at = now()
      WHERE user_id = ${userId}::uuid AND id = ANY (${ids}::uuid[]) AND read_at IS NULL`;
  }

  /** Marks as read what one service sent about one link. @returns how many were unread. */
  markLinkRead(userId: string, { sender, link }: { sender: string; link: string }): Promise<number> {
    return this.#client.$executeRaw`
      UPDATE notifications SET read_at = now()
      WHERE user_id = ${userId}::uuid AND sender = ${sender} AND link = ${link} AND read_at IS NULL`;
  }

  /**
   * Marks everything up to a place as read, the place included; in parts that are kept each by itself, so that a call
   * that is cut off has made progress.
   *
   * @returns how many were unread.
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
