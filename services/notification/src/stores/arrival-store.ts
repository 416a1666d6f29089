import type { PrismaClient } from '@arcadium/prisma/notification';
import { startOf, type Position } from '../domain/position.ts';
import type { StoredNotification } from './notification-store.ts';

/** Most rows that {@link ArrivalStore.recent} looks at. */
const RECENT = 1000;

/** What watchers read. */
export class ArrivalStore {
  readonly #client: PrismaClient;

  constructor(client: PrismaClient) {
    this.#client = client;
  }

  /** What a user got after a place, oldest first. */
  after(userId: string, { createdAt, id }: Position, limit: number): Promise<StoredNotification[]> {
    return this.#client.notification.findMany({
      where: { userId, createdAt: { gte: createdAt }, OR: [{ createdAt: { gt: createdAt } }, { id: { gt: id } }] },
      orderBy: [{ createdAt: 'asc' }, { id: 'asc' }],
      take: limit,
    });
  }

  /** Some notifications by their ids, in no order; those that are gone are left out. */
  byIds(ids: readonly string[]): Promise<StoredNotification[]> {
    return this.#client.notification.findMany({ where: { id: { in: [...ids] } } });
  }

  /**
   * What a user got in the last milliseconds by the database's clock, and the
   * place after which that is everything.
   */
  async recent(userId: string, ms: number): Promise<{ floor: Position; ids: string[] }> {
    const [clock] = await this.#client.$queryRaw<[{ since: Date }]>`
      SELECT clock_timestamp() - make_interval(secs => ${ms}::float8 / 1000) AS since`;
    const rows = await this.#client.notification.findMany({
      where: { userId, createdAt: { gte: clock.since } },
      orderBy: [{ createdAt: 'desc' }, { id: 'desc' }],
      select: { id: true, createdAt: true },
      take: RECENT,
    });
    const oldest = rows.at(-1);
    const floor = oldest && rows.length === RECENT ? oldest : startOf(clock.since);
    return { floor, ids: rows.map((row) => row.id) };
  }
}
