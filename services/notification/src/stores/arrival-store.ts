import type { PrismaClient } from '@arcadium/prisma/notification';
import { startOf, type Position } from '../domain/position.ts';
import { newestFirst } from './keyset.ts';
import type { ListedNotification } from './notification-store.ts';

/** A notification with times that can be compared. */
export type StoredNotification = Omit<ListedNotification, 'createdAt' | 'readAt'> & {
  createdAt: Date;
  readAt: Date | null;
};

/** Most rows that {@link ArrivalStore.behind} reads. */
const recent = 1000;

/** Reads notifications for open streams. */
export class ArrivalStore {
  readonly #client: PrismaClient;

  constructor(client: PrismaClient) {
    this.#client = client;
  }

  /** A user's notifications after a position, oldest first. */
  after(userId: string, { createdAt, id }: Position, limit: number): Promise<StoredNotification[]> {
    return this.#client.notification.findMany({
      where: {
        userId,
        createdAt: { gte: createdAt },
        OR: [{ createdAt: { gt: createdAt } }, { id: { gt: id } }],
      },
      orderBy: [{ createdAt: 'asc' }, { id: 'asc' }],
      take: limit,
    });
  }

  /** Notifications by id, in no particular order; deleted ones are left out. */
  byIds(ids: readonly string[]): Promise<StoredNotification[]> {
    return this.#client.notification.findMany({ where: { id: { in: [...ids] } } });
  }

  /** The time of the database's clock, to the millisecond. */
  async clock(): Promise<Date> {
    const [answer] = await this.#client.$queryRaw<[{ now: Date }]>`SELECT clock_timestamp() AS now`;
    return answer.now;
  }

  /**
   * A user's notifications in the given milliseconds up to and including a position, and the floor: the
   * position after which the result is complete.
   */
  async behind(
    userId: string,
    { createdAt, id }: Position,
    ms: number,
  ): Promise<{ floor: Position; rows: Position[] }> {
    const since = new Date(createdAt.getTime() - ms);
    const rows = await this.#client.notification.findMany({
      where: {
        userId,
        createdAt: { gte: since, lte: createdAt },
        OR: [{ createdAt: { lt: createdAt } }, { id: { lte: id } }],
      },
      orderBy: newestFirst,
      select: { id: true, createdAt: true },
      take: recent,
    });
    const oldest = rows.at(-1);
    return { floor: oldest && rows.length === recent ? oldest : startOf(since), rows };
  }
}
