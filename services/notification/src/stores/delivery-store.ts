import { isForAllWrites, isInTheWay } from '@arcadium/postgres/database';
import type { PrismaClient } from '@arcadium/prisma/notification';

/** A message to store, once for each sender and key. */
export type Message = Readonly<{
  sender: string;
  key: string;
  fingerprint: string;
  topic: string;
  title: string;
  body: string;
  link: string | null;
  userIds: readonly string[];
  /** Whether users who muted the topic are left out. */
  mutable: boolean;
  /** Whether the key identifies one payload for all users, or one for each user. */
  keyFor: 'everybody' | 'each user';
}>;

/** Result of a message for one user; `conflict` if the key was used for another payload. */
export type Delivery = Readonly<
  | { outcome: 'stored' | 'duplicate' | 'conflict'; key: string; userId: string; id: string }
  | { outcome: 'muted'; key: string; userId: string; id: null }
>;

/** A message that could not be stored for one user; `busy` if other transactions blocked it for too long. */
export type Undelivered = Readonly<{
  outcome: 'busy' | 'failed';
  key: string;
  userId: string;
  error: unknown;
}>;

/**
 * Longest time from the creation of a notification's id to its commit, in milliseconds. PostgreSQL ends the
 * session of a transaction that takes longer.
 */
export const sendTimeoutMs = 5000;

/** Longest wait for a lock, in milliseconds, if the caller needs the result for all users. */
export const patientMs = 1000;

/**
 * The same if the users who are not blocked should get a result soon. A send holds its locks for some
 * milliseconds.
 */
export const hurriedMs = 200;

/** How long a failed delivery is retried in parts, in waits for a lock; what is left then is `busy`. */
const longestInParts = 15;

/** Number of parts: of 500 users, the failing one is isolated after three waits, in fifty transactions. */
const partCount = 25;

/** Stores sent messages. */
export class DeliveryStore {
  readonly #client: PrismaClient;

  constructor(client: PrismaClient) {
    this.#client = client;
  }

  /**
   * Stores each message once for each of its users, or nothing if any result is `conflict`. The results
   * contain each user of a message once, in no particular order; a conflict may also name earlier users of
   * the key. Messages for one user are stored in the given order.
   *
   * Two kinds of locks, held until the commit, serialise competing sends: locks of keys, so that the second
   * of two equal sends sees the first; and locks of users, so that notifications of one user commit in the
   * order of their ids and times. A reader who has seen a notification has then seen all before it; "after
   * this one" (watch) and "up to this one" (mark all read) rely on that.
   *
   * @param lockWaitMs Longest wait for one lock, in milliseconds; a statement may take five times as long.
   */
  async deliver(messages: readonly Message[], lockWaitMs: number): Promise<Delivery[]> {
    // A separate statement, because it must see what was committed while waiting for the locks.
    const [, deliveries] = await this.#client.$transaction([
      this.#lock(messages, lockWaitMs),
      this.#insert(messages),
    ]);
    return deliveries;
  }

  /**
   * The same, but if it fails for all together, it is retried in smaller and smaller parts, in the end for
   * each user of each message alone, so that one failure does not affect the others.
   *
   * @throws Error if the database is not available or takes no writes.
   */
  async deliverToEach(messages: readonly Message[], lockWaitMs: number): Promise<(Delivery | Undelivered)[]> {
    const addressed = messages.map((message) => ({
      ...message,
      userIds: [...new Set(message.userIds.map((userId) => userId.toLowerCase()))],
    }));
    return this.#deliverInParts(addressed, lockWaitMs, performance.now() + longestInParts * lockWaitMs);
  }

  async #deliverInParts(
    messages: readonly Message[],
    lockWaitMs: number,
    endsAt: number,
  ): Promise<(Delivery | Undelivered)[]> {
    if (performance.now() > endsAt) return undelivered(messages, 'busy', new Error('no time left'));
    try {
      return await this.deliver(messages, lockWaitMs);
    } catch (error) {
      if (isForAllWrites(error)) throw error;
      const parts = partsOf(messages);
      if (parts.length === 1) return undelivered(messages, isInTheWay(error) ? 'busy' : 'failed', error);
      const outcomes: (Delivery | Undelivered)[] = [];
      // One after the other, because the parts of one message need the lock of the same key.
      for (const part of parts) outcomes.push(...(await this.#deliverInParts(part, lockWaitMs, endsAt)));
      return outcomes;
    }
  }

  /**
   * A lock for each key and user, by a 32-bit hash, so that different users do not block each other.
   * PostgreSQL holds some thousands of locks in all (`max_locks_per_transaction` for each connection). Locks
   * of keys come first, each kind in ascending order, which prevents deadlocks.
   */
  #lock(messages: readonly Message[], lockWaitMs: number) {
    const keys = messages.map(({ sender, key }) => `${sender} ${key}`);
    const userIds = messages.flatMap((message) => message.userIds);
    return this.#client.$executeRaw`
      SELECT (SELECT set_config('transaction_timeout', ${String(sendTimeoutMs)}, true)),
        (SELECT set_config('lock_timeout', ${String(lockWaitMs)}, true)),
        (SELECT set_config('statement_timeout', ${String(5 * lockWaitMs)}, true)),
        pg_advisory_xact_lock(kind, item)
      FROM (
        SELECT 1 AS step, hashtext('notification.key') AS kind, hashtext(key) AS item
        FROM unnest(${keys}::text[]) AS key
        UNION
        SELECT 2, hashtext('notification.user'), hashtext(user_id::text)
        FROM unnest(${userIds}::uuid[]) AS user_id
        ORDER BY step, item
      ) AS ordered`;
  }

  #insert(messages: readonly Message[]) {
    const column = <Name extends keyof Message>(name: Name) => messages.map((message) => message[name]);
    // An address is the index of a message in these columns, from 1, and a user.
    const places = messages.flatMap(({ userIds }, index) => userIds.map(() => index + 1));
    const wholeKey = messages.map(({ keyFor }) => keyFor === 'everybody');
    return this.#client.$queryRaw<Delivery[]>`
      WITH message AS (
        SELECT * FROM unnest(
          ${column('sender')}::text[], ${column('key')}::text[], ${column('fingerprint')}::text[],
          ${column('topic')}::text[], ${column('title')}::text[], ${column('body')}::text[],
          ${column('link')}::text[], ${column('mutable')}::bool[], ${wholeKey}::bool[]
        ) WITH ORDINALITY AS m (sender, key, fingerprint, topic, title, body, link, mutable, whole_key, place)
      ), addressed AS (
        SELECT DISTINCT place, user_id
        FROM unnest(${places}::int[], ${messages.flatMap(({ userIds }) => userIds)}::uuid[]) AS a (place, user_id)
      ), existing AS (
        SELECT place, key, user_id, had.id, had.fingerprint = message.fingerprint AS same
        FROM addressed JOIN message USING (place) JOIN notifications AS had USING (sender, key, user_id)
        UNION
        SELECT place, key, user_id, had.id, false
        FROM message JOIN notifications AS had USING (sender, key)
        WHERE whole_key AND had.fingerprint <> message.fingerprint
      ), muted AS (
        SELECT place, key, user_id
        FROM addressed JOIN message USING (place) JOIN preferences USING (user_id)
        WHERE mutable AND topic = ANY (muted) AND (place, user_id) NOT IN (SELECT place, user_id FROM existing)
      ), stored AS (
        INSERT INTO notifications (id, user_id, sender, key, fingerprint, topic, title, body, link, created_at)
        SELECT one.id, user_id, sender, key, fingerprint, topic, title, body, link, uuid_extract_timestamp(one.id)
        FROM (
          SELECT uuidv7() AS id, place, user_id FROM addressed
          WHERE (place, user_id) NOT IN (SELECT place, user_id FROM existing)
            AND (place, user_id) NOT IN (SELECT place, user_id FROM muted)
            AND NOT EXISTS (SELECT FROM existing WHERE NOT same)
          ORDER BY place
        ) AS one JOIN message USING (place)
        RETURNING id, key, user_id
      )
      SELECT key, user_id::text AS "userId", id::text AS id, 'stored' AS outcome FROM stored
      UNION ALL
      SELECT key, user_id::text, id::text, CASE WHEN same THEN 'duplicate' ELSE 'conflict' END FROM existing
      UNION ALL
      SELECT key, user_id::text, NULL, 'muted' FROM muted`;
  }
}

/** Splits one message by users, several by message. One message for one user is a single part. */
function partsOf(messages: readonly Message[]): (readonly Message[])[] {
  const [first] = messages;
  if (!first || messages.length > 1) return inParts(messages);
  return inParts(first.userIds).map((userIds) => [{ ...first, userIds }]);
}

function inParts<Item>(items: readonly Item[]): Item[][] {
  const size = Math.ceil(items.length / partCount);
  return Array.from({ length: Math.ceil(items.length / size) }, (_, n) =>
    items.slice(n * size, (n + 1) * size),
  );
}

function undelivered(
  messages: readonly Message[],
  outcome: 'busy' | 'failed',
  error: unknown,
): Undelivered[] {
  return messages.flatMap(({ key, userIds }) => userIds.map((userId) => ({ outcome, key, userId, error })));
}
