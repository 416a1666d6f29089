import type { Broadcast, PrismaClient } from '@arcadium/prisma/notification';
import type { Reader } from '../domain/reader.ts';
import { newestFirst, olderThan } from './keyset.ts';
import type { Part } from './notification-store.ts';

/** A broadcast to store. */
export type NewBroadcast = Omit<Broadcast, 'id' | 'createdAt'>;

/** A broadcast with the read mark of one administrator. */
export type StoredBroadcast = Broadcast & { reads: { readAt: Date }[] };

/** The condition "was sent while they were an administrator, and is not marked as read". */
function unreadBy({ userId, since }: Reader) {
  return { reads: { none: { userId } }, ...(since && { createdAt: { gte: since } }) };
}

/** Broadcasts to all administrators, and the read marks of each. */
export class BroadcastStore {
  readonly #client: PrismaClient;

  constructor(client: PrismaClient) {
    this.#client = client;
  }

  /** Stores a broadcast unless its sender has used the key. @returns The broadcast that has the key. */
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

  /** A page of the broadcasts, newest first, with the read marks of one administrator. */
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

  /**
   * Marks the existing ones as read by an administrator; earlier marks stay. @returns The number that were
   * unread.
   */
  markRead({ userId, since = new Date(0) }: Reader, ids: readonly string[]): Promise<number> {
    return this.#client.$executeRaw`
      INSERT INTO admin_notification_reads (broadcast_id, user_id, read_at)
      SELECT id, ${userId}::uuid, now() FROM broadcasts
      WHERE id = ANY (${ids}::uuid[]) AND created_at >= ${since}::timestamptz
      ON CONFLICT DO NOTHING`;
  }
}
