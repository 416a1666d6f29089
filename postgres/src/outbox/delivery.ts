import { SteadyClock } from '@arcadium/mesh/clock';
import { backoffMs, within, type Backoff } from '@arcadium/mesh/resilience';
import { counter, startupLevel, type Logger } from '@arcadium/mesh/telemetry';
import { MeshError } from '@arcadium/mesh/wire';
import {
  claimDeliveries,
  giveUpDelivery,
  hurryDeliveries,
  nextDueMs,
  postponeDeliveries,
  type Delivery,
  type OutboxDatabase,
  type Retry,
} from './claims.ts';
import { describeFailure, isAboutOneMessage, isPermanent } from './refusal.ts';
import { Removal } from './removal.ts';

/** A message for one recipient, as `notifications.sendBatch` takes it. */
export interface NotificationMessage<Topic extends string = string> {
  /** The same each time this message is sent, so that it arrives once; the recipients of a message have it in common. */
  key: string;
  userId: string;
  topic: Topic;
  title: string;
  body: string;
  link: string;
}

/** What the notification service answers: what it could not deliver to whom, if anything. */
export type Answer = Readonly<{
  undelivered: readonly Readonly<{ key: string; userId: string; reason: 'busy' | 'failed' }>[];
}>;

/**
 * Sends messages to the notification service, 100 at most, and of one recipient
 * one; rejects with the call's error, also when the signal fires because the
 * relay stops.
 */
export type NotificationSender<Topic extends string = string> = (
  messages: NotificationMessage<Topic>[],
  signal: AbortSignal,
) => Promise<Answer>;

/** How deliveries are made. */
export interface DeliveryOptions<Topic extends string = string> {
  /** Whose outbox it is, as `wiki`: begins the keys of its messages. */
  service: string;
  database: OutboxDatabase;
  send: NotificationSender<Topic>;
  log: Logger;
  /** Most calls at once. @default 10 */
  concurrency?: number;
  /** Most messages in a call, up to 100. @default 100 */
  batch?: number;
  /** Longest time for one send, in milliseconds; longer counts as a failure. @default 30000 */
  sendTimeoutMs?: number;
  /** How long a claim keeps others off, in milliseconds; more than a send may take. @default 60000 */
  leaseMs?: number;
  /** Waits between attempts. @default 1 s, doubled to 60 s, ±20 % */
  backoff?: Backoff;
  /** Gives a delivery up when the notification service has failed at it so often; to be away, or busy, is no failure. @default 20 */
  maxFailures?: number;
  /** Gives one up whose attempt fails when it has waited for so long, in milliseconds. @default 7 days */
  maxWaitMs?: number;
  /** @default one of its own */
  clock?: SteadyClock;
}

const defaults = {
  concurrency: 10,
  batch: 100,
  leaseMs: 60_000,
  sendTimeoutMs: 30_000,
  backoff: { baseMs: 1000, maxMs: 60_000, jitter: 0.2 } as Backoff,
  maxFailures: 20,
  maxWaitMs: 7 * 86_400_000,
};

/** How soon to look again where something is due and cannot be claimed, in milliseconds: another session holds it. */
const heldMs = 100;

/**
 * A send under way for so long, in milliseconds, is begun again when a later one has got through: it may wait for its next
 * retry since before the notification service was back, or hang for the sake of its recipient.
 */
const outrunMs = 1000;

const givenUp = counter({
  name: 'outbox_given_up_total',
  help: 'Notifications that were given up, by reason: refused (by the notification service), failures (too many), age (waited too long)',
  labels: ['service', 'topic', 'reason'],
});

/**
 * What a delivery failed with, and what of it is its own: `failed` where the notification service was asked about it alone
 * and failed, `busy` where others held what belongs to its recipient.
 */
type Failure = Readonly<{ error: unknown; own?: 'busy' | 'failed' }>;

const stopped = 'the relay was stopped';

/** A call under way. */
type Send = Readonly<{ startedAt: number; overtaken: AbortController }>;

/**
 * Delivers what is due: to each recipient one message after another, to
 * different ones at the same time. What is due for several recipients goes out
 * in one call, as long as nothing has failed for them.
 */
export class Deliveries<Topic extends string> {
  readonly #options: typeof defaults & DeliveryOptions<Topic> & { clock: SteadyClock };
  readonly #onDone: () => void;
  /** What is claimed and waits for a call. */
  readonly #waiting: (readonly Delivery[])[] = [];
  readonly #underWay = new Set<Promise<void>>();
  readonly #sends = new Set<Send>();
  /** Recipients for whom something has failed, and nothing has worked since: sent to alone, so that they hold up no other. */
  readonly #troubled = new Set<string>();
  readonly #removal: Removal;
  /** Whether the last thing heard of the notification service was that it cannot be reached. */
  #away = false;

  /** @param onDone Told when there is room for more. */
  constructor(options: DeliveryOptions<Topic>, onDone: () => void) {
    const { clock = new SteadyClock(), ...others } = options;
    const given = Object.fromEntries(Object.entries(others).filter(([, value]) => value !== undefined));
    this.#options = { ...defaults, ...(given as typeof others), clock };
    this.#removal = new Removal(options.database);
    this.#onDone = onDone;
  }

  /** Begins to deliver what is due, as much as there is room for. @returns How soon to look again, in milliseconds. */
  async begin(signal: AbortSignal): Promise<number> {
    const { database, batch, leaseMs, backoff, clock } = this.#options;
    if (this.#room <= 0 || this.#waiting.length > 0) return Infinity;
    const limit = this.#away ? 1 : batch;
    const claimed = await claimDeliveries(database, {
      limit,
      leaseMs,
      longestWaitMs: Math.min(Math.ceil(backoffMs(Infinity, backoff, 1)), 2 ** 31 - 1),
      now: new Date(clock.earliest()),
    });
    this.#waiting.push(...this.#groupsOf(claimed));
    this.#fill(signal);
    if (claimed.length === limit) return this.#room > 0 ? 0 : Infinity;
    return Math.max(await nextDueMs(database), claimed.length === 0 ? heldMs : 0);
  }

  /** Resolves when nothing is under way. */
  async idle(): Promise<void> {
    await Promise.all([
      ...this.#waiting.splice(0).map((group) => this.#putBack(group, stopped)),
      ...this.#underWay,
    ]);
  }

  /** While it is away one call at a time finds out whether it is back, and the others need not wait for their retries then. */
  get #room(): number {
    return (this.#away ? 1 : this.#options.concurrency) - this.#underWay.size;
  }

  /** One call for all but those that may fail, which follow in one call each. */
  #groupsOf(deliveries: readonly Delivery[]): Delivery[][] {
    const mayFail = ({ failures, userId }: Delivery) => failures > 0 || this.#troubled.has(userId);
    const together = deliveries.filter((delivery) => !mayFail(delivery));
    return [together, ...deliveries.filter(mayFail).map((delivery) => [delivery])].filter(
      ({ length }) => length > 0,
    );
  }

  #fill(signal: AbortSignal): void {
    while (this.#room > 0 && !signal.aborted) {
      const group = this.#waiting.shift();
      if (!group) return;
      const underWay = this.#deliver(group, signal)
        .catch((error: unknown) => this.#forget(group, error))
        .finally(() => {
          this.#underWay.delete(underWay);
          this.#fill(signal);
          this.#onDone();
        });
      this.#underWay.add(underWay);
    }
  }

  async #deliver(group: readonly Delivery[], signal: AbortSignal): Promise<void> {
    const { database } = this.#options;
    const send = { startedAt: performance.now(), overtaken: new AbortController() };
    let answer: Answer;
    try {
      answer = await this.#send(group, send, signal);
    } catch (error) {
      if (signal.aborted) return this.#putBack(group, stopped);
      if (send.overtaken.signal.aborted) return this.#beginAgain(group);
      // It may be about one of them, and says nothing of the others then.
      if (group.length > 1 && isAboutOneMessage(error)) return this.#separate(group, describeFailure(error));
      if (isAboutOneMessage(error)) return this.#fail(group, { error, own: 'failed' });
      this.#away = true;
      const waiting = this.#waiting
        .splice(0)
        .map((others) => this.#putBack(others, 'the notification service is unavailable'));
      await Promise.all([this.#fail(group, { error }), ...waiting]);
      return;
    }
    this.#overtake(send);
    const reasons = new Map(answer.undelivered.map(({ userId, reason }) => [userId, reason]));
    const delivered = group.filter(({ userId }) => !reasons.has(userId));
    for (const { userId } of delivered) this.#troubled.delete(userId);
    await this.#removal.remove(delivered);
    await Promise.all(
      group
        .filter(({ userId }) => reasons.has(userId))
        .map((delivery) => this.#fail([delivery], undelivered(reasons.get(delivery.userId)))),
    );
    if (!this.#away) return;
    this.#away = false;
    await hurryDeliveries(database);
  }

  async #send(group: readonly Delivery[], send: Send, signal: AbortSignal): Promise<Answer> {
    this.#sends.add(send);
    try {
      const either = AbortSignal.any([signal, send.overtaken.signal]);
      const messages = group.map((delivery) => this.#messageFor(delivery));
      return await within(() => this.#options.send(messages, either), { ms: this.#options.sendTimeoutMs });
    } finally {
      this.#sends.delete(send);
    }
  }

  #overtake({ startedAt }: Send): void {
    const now = performance.now();
    for (const other of this.#sends)
      if (other.startedAt < startedAt && now - other.startedAt > outrunMs) other.overtaken.abort();
  }

  /** At once, the first time. */
  #beginAgain(group: readonly Delivery[]): Promise<void> {
    const reason = 'later messages were delivered while this one was in progress';
    if (group.every(({ attempts }) => attempts === 1)) return this.#putBack(group, reason);
    if (group.length > 1) return this.#separate(group, reason);
    return this.#fail(group, { error: new MeshError('TIMEOUT', reason) });
  }

  /** To be sent at once, each alone. */
  #separate(group: readonly Delivery[], reason: string): Promise<void> {
    for (const { userId } of group) this.#troubled.add(userId);
    return this.#putBack(group, reason);
  }

  async #fail(group: readonly Delivery[], { error, own }: Failure): Promise<void> {
    const { database, backoff, log } = this.#options;
    const reason = describeFailure(error);
    const retries: Retry[] = [];
    for (const delivery of group) {
      if (own) this.#troubled.add(delivery.userId);
      const failures = failuresAfter(delivery, own);
      if (await this.#gaveUp(delivery, { error, failures })) continue;
      const delayMs = Math.ceil(backoffMs(delivery.attempts, backoff));
      retries.push({ delivery, delayMs, failures });
    }
    await postponeDeliveries(database, retries, reason);
    const [first] = retries;
    if (!first) return;
    // Once for each call: while the service is away, all of them fail every minute.
    const level = first.delivery.attempts === 1 ? startupLevel() : 'debug';
    log[level](
      {
        ...contextOf(first.delivery),
        recipients: retries.length,
        error: reason,
        delay_ms: first.delayMs,
      },
      'a notification could not be delivered, trying again',
    );
  }

  /** Gives a delivery up where it is time. */
  async #gaveUp(
    delivery: Delivery,
    { error, failures }: { error: unknown; failures: number },
  ): Promise<boolean> {
    const { service, database, log, maxFailures, maxWaitMs } = this.#options;
    const why = [
      isPermanent(error) && 'refused',
      failures >= maxFailures && 'failures',
      delivery.waitedMs > maxWaitMs && 'age',
    ].find((reason) => reason !== false);
    if (!why) return false;
    const reason = describeFailure(error);
    // Whoever has the claim now goes on with it.
    if (!(await giveUpDelivery(database, delivery, { error: reason, failures }))) return true;
    givenUp.inc({ service, topic: delivery.topic, reason: why });
    log.error(
      { ...contextOf(delivery), delivery_id: delivery.id, failures, error: reason, reason: why },
      'a notification is given up; to list, retry or drop it, use "npm run mesh -- outbox"',
    );
    return true;
  }

  /** To be delivered at once, by this process or another. */
  #putBack(group: readonly Delivery[], reason: string): Promise<void> {
    const retries = group.map((delivery) => ({ delivery, delayMs: 0, failures: delivery.failures }));
    return postponeDeliveries(this.#options.database, retries, reason);
  }

  #forget(group: readonly Delivery[], error: unknown): void {
    this.#options.log.warn(
      { notice_id: group[0]?.messageId, recipients: group.length, reason: describeFailure(error) },
      'the outbox could not be written, the message is sent again when its lease ends',
    );
  }

  /** The service alone writes its outbox, and writes what its own types allow. */
  #messageFor({ messageId, userId, topic, title, body, link }: Delivery): NotificationMessage<Topic> {
    const key = `${this.#options.service}:${messageId}`;
    return { key, userId, topic: topic as Topic, title, body, link };
  }
}

/** That a recipient is busy is no reason to give up, but one to send to it alone. */
function failuresAfter({ failures }: Delivery, own: Failure['own']): number {
  if (own === 'busy') return Math.max(failures, 1);
  return own === 'failed' ? failures + 1 : failures;
}

function undelivered(reason: 'busy' | 'failed' | undefined): Failure {
  if (reason === 'busy') {
    const message = 'Another transaction blocks this recipient';
    return { error: new MeshError('SERVICE_UNAVAILABLE', message), own: 'busy' };
  }
  const message = 'The notification service failed for this recipient; its log has the reason';
  return { error: new MeshError('INTERNAL_SERVER_ERROR', message), own: 'failed' };
}

function contextOf({ messageId, userId, topic, attempts }: Delivery) {
  return { notice_id: messageId, user_id: userId, topic, attempt: attempts };
}
