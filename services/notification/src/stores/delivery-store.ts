import { isForAllWrites, isInTheWay } from '@arcadium/prisma/database';
import type { PrismaClient } from '@arcadium/prisma/notification';

/** What is told to whom, once for each sender and key. */
export type Message = Readonly<{
  sender: string;
  key: string;
  fingerprint: string;
  topic: string;
  title: string;
  body: string;
  link: string | null;
  userIds: readonly string[];
  /** Whether those who muted the topic are to be spared. */
  mutable: boolean;
  /** Whether the key stands for one payload whoever gets it, or for one payload a user. */
  keyFor: 'everybody' | 'each user';
}>;

/** What became of a message for one user: `conflict` where the key was used for another payload. */
export type Delivery = Readonly<
  | { outcome: 'stored' | 'duplicate' | 'conflict'; userId: string; id: string }
  | { outcome: 'muted'; userId: string; id: null }
>;

/** That a message could not be stored for one user: `busy` where others were in the way for too long. */
export type Undelivered = Readonly<{ outcome: 'busy' | 'failed'; userId: string; error: unknown }>;

/**
 * Longest time from a notification's id to its commit, in milliseconds.
 * PostgreSQL ends the session of a transaction that takes longer.
 */
export const sendTimeoutMs = 5000;

/** Longest wait for a lock, in milliseconds, where the caller waits for all of its users. */
export const patientMs = 1000;

/** The same where the answer is wanted soon, of those who need not wait. A send holds its locks for some milliseconds. */
export const hurriedMs = 200;

/** For how many waits users are tried alone; those who are left are `busy`. */
const longestAlone = 15;

/** Stores what is sent. */
export class DeliveryStore {
  readonly #client: PrismaClient;

  constructor(client: PrismaClient) {
    this.#client = client;
  }

  /**
   * Stores a message for each of its users, once each, or for none of them if
   * any answer is `conflict`. The answers name each user once, in no order; of
   * a conflict, perhaps others who had the key before.
   *
   * Two locks, held until the commit, put competing sends one after another:
   * the key's, so that the second of two equal ones sees what the first did;
   * and its users', so that what one user gets commits in the order of its ids
   * and times. Whoever saw a notification has then seen all before it, which
   * "after this one" (watch) and "up to this one" (mark all read) stand on.
   *
   * @param lockWaitMs Longest wait for one lock, in milliseconds; a statement may take five times as long.
   */
  async deliver(message: Message, lockWaitMs: number): Promise<Delivery[]> {
    // The insert is a statement of its own: it must see what committed while the locks were waited for.
    const [, deliveries] = await this.#client.$transaction([
      this.#lock(message, lockWaitMs),
      this.#insert(message),
    ]);
    return deliveries;
  }

  /**
   * The same, and where that fails for all users together, for each of them
   * alone, so that the trouble of one is his own.
   *
   * @throws Error where the database is away or takes no writes.
   */
  async deliverToEach(message: Message, lockWaitMs: number): Promise<(Delivery | Undelivered)[]> {
    const userIds = [...new Set(message.userIds.map((userId) => userId.toLowerCase()))];
    try {
      return await this.deliver(message, lockWaitMs);
    } catch (error) {
      if (isForAllWrites(error)) throw error;
      const [userId, ...others] = userIds;
      if (userId !== undefined && others.length === 0) return [undelivered(userId, error)];
    }
    const outcomes: (Delivery | Undelivered)[] = [];
    const endsAt = performance.now() + longestAlone * lockWaitMs;
    // One after another, since they have the lock of the key in common.
    for (const userId of userIds) {
      if (performance.now() > endsAt)
        outcomes.push({ outcome: 'busy', userId, error: new Error('no time was left') });
      else outcomes.push(...(await this.deliverToEach({ ...message, userIds: [userId] }, lockWaitMs)));
    }
    return outcomes;
  }

  /**
   * A lock for each user, by a hash of 32 bits, so that users do not stand in one another's way. PostgreSQL has room for
   * some thousands of locks in all (`max_locks_per_transaction` for each connection). Always the key's first, then
   * ascending: nobody waits in a circle.
   */
  #lock({ sender, key, userIds }: Message, lockWaitMs: number) {
    return this.#client.$executeRaw`
      SELECT (SELECT set_config('transaction_timeout', ${String(sendTimeoutMs)}, true)),
        (SELECT set_config('lock_timeout', ${String(lockWaitMs)}, true)),
        (SELECT set_config('statement_timeout', ${String(5 * lockWaitMs)}, true)),
        pg_advisory_xact_lock(kind, item)
      FROM (
        SELECT 1 AS step, hashtext('notification.key') AS kind, hashtext(${`${sender} ${key}`}) AS item
        UNION
        SELECT 2, hashtext('notification.user'), hashtext(user_id::text)
        FROM unnest(${userIds}::uuid[]) AS user_id
        ORDER BY step, item
      ) AS ordered`;
  }

  #insert(message: Message) {
    const { sender, key, fingerprint, topic, title, body, link, userIds, mutable } = message;
    const wholeKey = message.keyFor === 'everybody';
    return this.#client.$queryRaw<Delivery[]>`
      WITH addressed AS (
        SELECT DISTINCT user_id FROM unnest(${userIds}::uuid[]) AS user_id
      ), existing AS (
        SELECT user_id, id, fingerprint = ${fingerprint} AS same, user_id IN (SELECT user_id FROM addressed) AS asked
        FROM notifications
        WHERE sender = ${sender} AND key = ${key} AND (${wholeKey} OR user_id IN (SELECT user_id FROM addressed))
      ), muted AS (
        SELECT user_id FROM addressed JOIN preferences USING (user_id)
        WHERE ${mutable} AND ${topic} = ANY (muted) AND user_id NOT IN (SELECT user_id FROM existing)
      ), stored AS (
        INSERT INTO notifications (id, user_id, sender, key, fingerprint, topic, title, body, link, created_at)
        SELECT one.id, user_id, ${sender}, ${key}, ${fingerprint}, ${topic}, ${title}, ${body}, ${link},
          uuid_extract_timestamp(one.id)
        FROM (
          SELECT uuidv7() AS id, user_id FROM addressed
          WHERE user_id NOT IN (SELECT user_id FROM existing)
            AND user_id NOT IN (SELECT user_id FROM muted)
            AND NOT EXISTS (SELECT FROM existing WHERE NOT same)
        ) AS one
        RETURNING id, user_id
      )
      SELECT user_id::text AS "userId", id::text AS id, 'stored' AS outcome FROM stored
      UNION ALL
      SELECT user_id::text, id::text, CASE WHEN same THEN 'duplicate' ELSE 'conflict' END
      FROM existing WHERE asked OR NOT same
      UNION ALL
      SELECT user_id::text, NULL, 'muted' FROM muted`;
  }
}

function undelivered(userId: string, error: unknown): Undelivered {
  return { outcome: isInTheWay(error) ? 'busy' : 'failed', userId, error };
}
