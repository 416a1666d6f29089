import type { Broadcast, PrismaClient } from '@arcadium/prisma/notification';
import type { Reader } from '../domain/reader.ts';
import { newestFirst, olderThan } from './keyset.ts';
import type { Part } from './notification-store.ts';

/** A broadcast to be stored. */
export type NewBroadcast = Omit<Broadcast, 'id' | 'createdAt'>;

/** A broadcast with the mark of the one administrator who asks. */
export type StoredBroadcast = Broadcast & { reads: { readAt: Date }[] };

/** The condition "was sent while they were an administrator, and is not marked as read". */
function unreadBy({ userId, since }: Reader) {
  return { reads: { none: { userId } }, ...(since && { createdAt: { gte: since } }) };
}

/** What all administrators are told, and what each has read of it. */
export class BroadcastStore {
  readonly #client: PrismaClient;

  constructor(client: PrismaClient) {
    this.#client = client;
  }

  /** Stores a broadcast unless its sender used the key before; answers with the one that has the key now. */
  async send(broadcast: NewBroadcast): Promise<{ id: string; fingerprint: string; stored: boolean }> {
    const { sender, key, fingerprint, title, body, link } = broadcast;
    const [stored] = await this.#client.$queryRaw<{ id: string }[]>`
      INSERT INTO broadcasts (id, sender, key, fingerprint, title, body, link, created_at)
      SELECT id, ${sender}, ${key}, ${fingerprint}, ${title}, ${body}, ${link}, uuid_extract_timestamp(id)
      FROM (SELECT uuidv7() AS id) AS one
      ON CONFLICT (sender, key) DO NOTHING
      RETURNING id::text AS id`;
    if (stored) return { id: stored.id, fingerprint, stored: true };
    const first = await this.#client.broadcast.findUniqueOrThrow({ where: { sender_key: { sender, key } } });
    return { id: first.id, fingerprint: first.fingerprint, stored: false };
  }

  /** A part of the broadcasts, newest first, with the marks of one administrator. */
  list(reader: Reader, { limit, after, unreadOnly }: Part): Promise<StoredBroadcast[]> {
    return this.#client.broadcast.findMany({
      where: { AND: [unreadOnly ? unreadBy(reader) : {}, olderThan(after)] },
      include: { reads: { where: { userId: reader.userId }, select: { readAt: true } } },
      orderBy: newestFirst,
      take: limit,
    });
  }

  unreadCount(reader: Reader): Promise<number> {
    return this.#client.broadcast.count({ where: unreadBy(reader) });
  }

  /** Marks those that exist as read by an administrator; first marks stay. @returns how many were unread. */
  markRead({ userId, since = new Date(0) }: Reader, ids: readonly string[]): Promise<number> {
    return this.#client.$executeRaw`
      INSERT INTO admin_notification_reads (broadcast_id, user_id, read_at)
      SELECT id, ${userId}::uuid, now() FROM broadcasts
      WHERE id = ANY (${ids}::uuid[]) AND created_at >= ${since}::timestamptz
      ON CONFLICT DO NOTHING`;
  }
}
