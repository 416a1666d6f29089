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

/**
 * Longest time from a notification's id to its commit, in milliseconds.
 * PostgreSQL ends the session of a transaction that takes longer.
 */
export const sendTimeoutMs = 5000;

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
   */
  async deliver(message: Message): Promise<Delivery[]> {
    // The insert is a statement of its own: it must see what committed while the locks were waited for.
    const [, deliveries] = await this.#client.$transaction([this.#lock(message), this.#insert(message)]);
    return deliveries;
  }

  /**
   * Users share 256 locks, because PostgreSQL has room for some thousands in
   * all. Always the key's first, then ascending: nobody waits in a circle.
   */
  #lock({ sender, key, userIds }: Message) {
    return this.#client.$executeRaw`
      SELECT (SELECT set_config('transaction_timeout', ${String(sendTimeoutMs)}, true)), pg_advisory_xact_lock(kind, item)
      FROM (
        SELECT 1 AS step, hashtext('notification.key') AS kind, hashtext(${`${sender} ${key}`}) AS item
        UNION
        SELECT 2, hashtext('notification.user'), hashtext(user_id::text) & 255
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
