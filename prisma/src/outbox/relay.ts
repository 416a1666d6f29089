import { setTimeout as delay } from 'node:timers/promises';
import { startupLevel, type Logger } from '@arcadium/mesh/telemetry';
import { Listener } from '../database/listener.ts';
import { backoffMs, defaultBackoff, type Backoff } from './backoff.ts';
import {
  claimNotices,
  hurryNotices,
  nextDueMs,
  parkNotice,
  postponeNotice,
  removeNotice,
  type OutboxDatabase,
  type OutboxRow,
} from './claims.ts';
import { describeFailure, isAboutOneMessage, isPermanent } from './refusal.ts';

/** A message as `notifications.sendMany` takes it. */
export interface NotificationMessage<Topic extends string = string> {
  /** The same each time this message is sent, so that it arrives once. */
  key: string;
  userIds: string[];
  topic: Topic;
  title: string;
  body: string;
  link: string;
}

/**
 * Sends one message to the notification service; rejects with the call's
 * error, also when the signal fires because the relay stops.
 */
export type NotificationSender<Topic extends string = string> = (
  message: NotificationMessage<Topic>,
  signal: AbortSignal,
) => Promise<unknown>;

/** Delivers what the outbox holds, for as long as it runs. */
export interface NotificationRelay {
  start(): void;
  /** Ends what is being sent; what did not get through stays in the outbox. */
  stop(): Promise<void>;
}

/** How a relay is made. */
export interface NotificationRelayOptions<Topic extends string = string> {
  /** Whose outbox it is, as `wiki`: begins the keys of its messages, and the channel on which its rows are announced. */
  service: string;
  database: OutboxDatabase;
  /** For the connection that hears of new rows: PostgreSQL itself, no pooler. */
  databaseUrl: string;
  send: NotificationSender<Topic>;
  log: Logger;
  /** Most messages sent at once. @default 10 */
  concurrency?: number;
  /** How often to look without having been told, in milliseconds. @default 3000 */
  pollMs?: number;
  /** Longest time for one send, in milliseconds; longer counts as a failure. @default 30000 */
  sendTimeoutMs?: number;
  /** How long a claim keeps others off, in milliseconds; more than a send may take. @default 60000 */
  leaseMs?: number;
  /** Waits between attempts. @default 1 s, doubled to 60 s */
  backoff?: Backoff;
}

/**
 * Makes the relay that brings messages from the outbox to the notification
 * service, at least once each. Any number of replicas may run one.
 */
export function createNotificationRelay<Topic extends string>(
  options: NotificationRelayOptions<Topic>,
): NotificationRelay {
  const { pollMs = 3000, log } = options;
  const deliver = createDelivery(options);
  let stopping = new AbortController();
  let bell = Promise.withResolvers<void>();
  let running: Promise<void> = Promise.resolve();
  let listener: Listener | undefined;

  const run = async (signal: AbortSignal) => {
    while (!signal.aborted) {
      bell = Promise.withResolvers();
      const waitMs = await deliver(signal).catch((error: unknown) => {
        log.warn({ reason: describeFailure(error) }, 'the outbox could not be read, trying again');
        return pollMs;
      });
      // A timer may fire a moment early.
      await within(bell.promise, Math.min(waitMs + 2, pollMs));
    }
  };

  return {
    start() {
      stopping = new AbortController();
      const { signal } = stopping;
      const ring = () => bell.resolve();
      listener = new Listener({
        url: options.databaseUrl,
        // As the trigger of the migration has it.
        channel: `${options.service}_notification_outbox`,
        onConnect: ring,
        onPayload: ring,
        logger: log,
      });
      listener.start();
      running = run(signal);
    },
    async stop() {
      stopping.abort();
      bell.resolve();
      await Promise.all([running, listener?.stop()]);
    },
  };
}

/** Makes the function that sends all that is due, and answers how soon to look again, in milliseconds. */
function createDelivery<Topic extends string>(
  options: NotificationRelayOptions<Topic>,
): (signal: AbortSignal) => Promise<number> {
  const {
    service,
    database,
    log,
    concurrency = 10,
    leaseMs = 60_000,
    sendTimeoutMs = 30_000,
    backoff = defaultBackoff,
  } = options;
  // Whether the last thing heard of the notification service was that it cannot be reached.
  let away = false;

  const fail = async (row: OutboxRow, error: unknown): Promise<void> => {
    const context = {
      notice_id: row.id,
      topic: row.topic,
      attempt: row.attempts,
      error: describeFailure(error),
    };
    if (isPermanent(error)) {
      await parkNotice(database, row, context.error);
      log.error(context, 'a notification was refused for good and is set aside in notification_outbox');
      return;
    }
    away ||= !isAboutOneMessage(error);
    const delayMs = Math.ceil(backoffMs(row.attempts, Math.random(), backoff));
    await postponeNotice(database, row, { error: context.error, delayMs });
    // Once for each message: while the service is away, all of them fail every minute.
    const level = row.attempts === 1 ? startupLevel() : 'debug';
    log[level]({ ...context, delay_ms: delayMs }, 'a notification could not be delivered, it is tried again');
  };

  const deliverOne = async (row: OutboxRow, signal: AbortSignal): Promise<void> => {
    try {
      await settled(options.send(toMessage<Topic>(service, row), signal), sendTimeoutMs);
    } catch (error) {
      if (signal.aborted) {
        // For another replica, or the next process, at once.
        await postponeNotice(database, row, { error: 'the relay was stopped', delayMs: 0 });
        return;
      }
      await fail(row, error);
      return;
    }
    await removeNotice(database, row);
    if (!away) return;
    away = false;
    await hurryNotices(database);
  };

  const forget = (row: OutboxRow, error: unknown): void => {
    log.warn(
      { notice_id: row.id, reason: describeFailure(error) },
      'the outbox could not be written, the message is sent again when its lease ends',
    );
  };

  return async (signal) => {
    while (!signal.aborted) {
      const rows = await claimNotices(database, {
        limit: concurrency,
        leaseMs,
        longestWaitMs: backoff.maxMs,
      });
      await Promise.all(
        rows.map((row) => deliverOne(row, signal).catch((error: unknown) => forget(row, error))),
      );
      if (rows.length < concurrency) break;
    }
    return nextDueMs(database);
  };
}

function toMessage<Topic extends string>(
  service: string,
  { id, userIds, topic, title, body, link }: OutboxRow,
): NotificationMessage<Topic> {
  // The service alone writes its outbox, and writes what its own types allow.
  return { key: `${service}:${id}`, userIds, topic: topic as Topic, title, body, link };
}

async function settled(work: Promise<unknown>, timeoutMs: number): Promise<void> {
  const done = new AbortController();
  const late = delay(timeoutMs, undefined, { signal: done.signal }).then(() => {
    throw new Error(`not sent within ${timeoutMs} ms`);
  });
  try {
    await Promise.race([work, late]);
  } finally {
    done.abort();
  }
}

/** Waits for the bell, so long at most; leaves no timer. */
async function within(bell: Promise<void>, timeoutMs: number): Promise<void> {
  const rung = new AbortController();
  await Promise.race([bell, delay(Math.ceil(timeoutMs), undefined, { signal: rung.signal })]);
  rung.abort();
}
