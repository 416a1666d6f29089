import { SteadyClock, backoffMs, within, type Backoff } from '@arcadium/mesh/config';
import { MeshError } from '@arcadium/mesh/contract';
import { counter, startupLevel } from '@arcadium/mesh/telemetry';
import {
  claimDeliveries,
  giveUpDelivery,
  hurryDeliveries,
  nextDueMs,
  postponeDeliveries,
  type Delivery,
  type Retry,
} from './claims.ts';
import { describeDatabaseError } from '../database/database-errors.ts';
import type { Logger } from '../logger.ts';
import { describeFailure, isAboutOneMessage, isPermanent } from './refusal.ts';
import { Removal } from './removal.ts';
import { recipientOf, type AnyOutbox, type OutboxPayload, type RelayedOutbox } from './tables.ts';
import { consume } from './trace.ts';

/** A message for one recipient. */
export type OutboxMessage<Payload extends OutboxPayload = OutboxPayload> = Payload & {
  /** `<service>:<id of the message>`: the same in each attempt and for each recipient, so that the receiver can ignore repeats. */
  key: string;
  userId: string;
};

/** The receiver's answer: the recipients for whom it could not take a message, and why. */
export type OutboxAnswer = Readonly<{
  undelivered: readonly Readonly<{ key: string; userId: string; reason: 'busy' | 'failed' }>[];
}>;

/**
 * Sends messages to the receiver, at most `batch`, and at most one for each recipient.
 *
 * @param signal Fires when the relay stops.
 * @throws the error of the call: a MeshError or a tRPC client's error.
 */
export type OutboxSender<Payload extends OutboxPayload = OutboxPayload> = (
  messages: OutboxMessage<Payload>[],
  signal: AbortSignal,
) => Promise<OutboxAnswer>;

/** How deliveries are made. */
export interface DeliveryOptions<
  Payload extends OutboxPayload = OutboxPayload,
> extends RelayedOutbox<Payload> {
  /** The service that owns the outbox, such as `wiki`. */
  service: string;
  send: OutboxSender<Payload>;
  log: Logger;
  /** Most concurrent calls. @default 10 */
  concurrency?: number;
  /** Most messages in a call. @default 100 */
  batch?: number;
  /** Longest time for a call, in milliseconds; longer counts as a failure. @default 30000 */
  sendTimeoutMs?: number;
  /** How long a claim lasts, in milliseconds; longer than `sendTimeoutMs`. @default 60000 */
  leaseMs?: number;
  /** Waits between attempts. @default 1 s, doubled to 60 s, ±20 % */
  backoff?: Backoff;
  /**
   * A call in progress for longer than this, in milliseconds, is aborted and repeated when a later one has succeeded: it
   * may wait for a retry since before the receiver was back, or hang because of one recipient. @default 1000
   */
  outrunMs?: number;
  /** Failures of the receiver after which a delivery is given up. Unavailable or busy does not count. @default 20 */
  maxFailures?: number;
  /** Age at which a delivery is given up if an attempt fails, in milliseconds. @default 604800000 (7 days) */
  maxWaitMs?: number;
  /** @default a new one */
  clock?: SteadyClock;
}

const defaults = {
  concurrency: 10,
  batch: 100,
  leaseMs: 60_000,
  sendTimeoutMs: 30_000,
  backoff: { baseMs: 1000, maxMs: 60_000, jitter: 0.2 } as Backoff,
  outrunMs: 1000,
  maxFailures: 20,
  maxWaitMs: 7 * 86_400_000,
};

/** When to look again if a due delivery could not be claimed because another session has locked it, in milliseconds. */
const heldMs = 100;

const givenUp = counter({
  name: 'outbox_given_up_total',
  help: 'Outbox messages that were given up, by reason: refused (by the receiver), failures (too many), age (waited too long)',
  labels: ['service', 'topic', 'reason'],
});

/**
 * Why a delivery failed. `own` is set if the cause is this delivery: `failed` if the receiver failed at it alone, `busy` if
 * another transaction blocked its recipient there.
 */
type Failure = Readonly<{ error: unknown; own?: 'busy' | 'failed' }>;

const stopped = 'the relay was stopped';

/** Deliveries that one call carries. */
type Group<Payload extends OutboxPayload> = readonly Delivery<Payload>[];

/** A call in progress. */
type Send = Readonly<{ startedAt: number; overtaken: AbortController }>;

/**
 * Makes the deliveries that are due: one after another for each recipient, concurrently for different recipients. One call
 * carries the deliveries of all recipients without failures; recipients with failures get separate calls.
 */
export class Deliveries<Payload extends OutboxPayload> {
  readonly #options: typeof defaults & DeliveryOptions<Payload> & { clock: SteadyClock };
  readonly #onDone: () => void;
  /** Claimed deliveries without a call yet. */
  readonly #waiting: Group<Payload>[] = [];
  readonly #underWay = new Set<Promise<void>>();
  readonly #sends = new Set<Send>();
  /** Recipients whose last attempt failed: they get separate calls, so that they do not delay others. */
  readonly #troubled = new Set<string>();
  readonly #removal: Removal;
  /** Whether the receiver was unavailable at the last attempt. */
  #away = false;

  /** @param onDone Called when another call may start. */
  constructor(options: DeliveryOptions<Payload>, onDone: () => void) {
    const { clock = new SteadyClock(), ...others } = options;
    const given = Object.fromEntries(Object.entries(others).filter(([, value]) => value !== undefined));
    this.#options = { ...defaults, ...(given as typeof others), clock };
    this.#removal = new Removal(options);
    this.#onDone = onDone;
  }

  /** Starts calls for due deliveries, within the limit of concurrent calls. @returns When to look again, in milliseconds. */
  async begin(signal: AbortSignal): Promise<number> {
    const { batch, concurrency, leaseMs, backoff, clock } = this.#options;
    if (this.#room <= 0 || this.#waiting.length > 0) return Infinity;
    const limit = this.#away ? 1 : Math.max(batch, concurrency);
    const claimed = await claimDeliveries(this.#options, {
      limit,
      leaseMs,
      longestWaitMs: Math.min(Math.ceil(backoffMs(Infinity, backoff, 1)), 2 ** 31 - 1),
      now: new Date(clock.earliest()),
    });
    this.#waiting.push(...this.#groupsOf(claimed));
    this.#fill(signal);
    if (claimed.length === limit) return this.#room > 0 ? 0 : Infinity;
    return Math.max(await nextDueMs(this.#options), claimed.length === 0 ? heldMs : 0);
  }

  /** Returns waiting deliveries to the outbox; resolves when no call is in progress. */
  async idle(): Promise<void> {
    await Promise.all([
      ...this.#waiting.splice(0).map((group) => this.#putBack(group, stopped)),
      ...this.#underWay,
    ]);
  }

  /** How many calls may start. While the receiver is unavailable, one call at a time checks whether it is back. */
  get #room(): number {
    return (this.#away ? 1 : this.#options.concurrency) - this.#underWay.size;
  }

  /** Groups of at most `batch` deliveries without earlier failures, and one group for each of the others. */
  #groupsOf(deliveries: Group<Payload>): Group<Payload>[] {
    const mayFail = ({ failures, recipient }: Delivery) => failures > 0 || this.#troubled.has(recipient);
    const together = deliveries.filter((delivery) => !mayFail(delivery));
    const groups = deliveries.filter(mayFail).map((delivery) => [delivery]);
    const { batch } = this.#options;
    for (let end = together.length; end > 0; end -= batch)
      groups.unshift(together.slice(Math.max(0, end - batch), end));
    return groups;
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

  async #deliver(group: Group<Payload>, signal: AbortSignal): Promise<void> {
    const send = { startedAt: performance.now(), overtaken: new AbortController() };
    let answer: OutboxAnswer;
    try {
      answer = await this.#send(group, send, signal);
    } catch (error) {
      if (signal.aborted) return this.#putBack(group, stopped);
      if (send.overtaken.signal.aborted) return this.#beginAgain(group);
      // One message of the group may be the cause: each is tried alone.
      if (group.length > 1 && isAboutOneMessage(error)) return this.#separate(group, describeFailure(error));
      if (isAboutOneMessage(error)) return this.#fail(group, { error, own: 'failed' });
      this.#away = true;
      const waiting = this.#waiting
        .splice(0)
        .map((others) => this.#putBack(others, 'the receiver is unavailable'));
      await Promise.all([this.#fail(group, { error }), ...waiting]);
      return;
    }
    this.#overtake(send);
    const reasons = new Map(answer.undelivered.map(({ userId, reason }) => [userId, reason]));
    const delivered = group.filter(({ recipient }) => !reasons.has(recipient));
    for (const { recipient } of delivered) this.#troubled.delete(recipient);
    await this.#removal.remove(delivered);
    await Promise.all(
      group
        .filter(({ recipient }) => reasons.has(recipient))
        .map((delivery) => this.#fail([delivery], undelivered(reasons.get(delivery.recipient)))),
    );
    if (!this.#away) return;
    this.#away = false;
    await hurryDeliveries(this.#options);
  }

  async #send(group: Group<Payload>, send: Send, signal: AbortSignal): Promise<OutboxAnswer> {
    this.#sends.add(send);
    try {
      const { tables, sendTimeoutMs: ms } = this.#options;
      const either = AbortSignal.any([signal, send.overtaken.signal]);
      const messages = group.map((delivery) => this.#messageFor(delivery));
      const undeliveredOf = ({ undelivered: failed }: OutboxAnswer) =>
        new Set(failed.map(({ userId }) => userId));
      return await consume({ tables, group, signal: either, undeliveredOf }, () =>
        within(() => this.#options.send(messages, either), { ms }),
      );
    } finally {
      this.#sends.delete(send);
    }
  }

  /** Aborts earlier calls that take long. */
  #overtake({ startedAt }: Send): void {
    const now = performance.now();
    for (const other of this.#sends)
      if (other.startedAt < startedAt && now - other.startedAt > this.#options.outrunMs)
        other.overtaken.abort();
  }

  /** Repeats an aborted call: at once after the first attempt, later after a wait. */
  #beginAgain(group: Group<Payload>): Promise<void> {
    const reason = 'later messages were delivered while this one was in progress';
    if (group.every(({ attempts }) => attempts === 1)) return this.#putBack(group, reason);
    if (group.length > 1) return this.#separate(group, reason);
    return this.#fail(group, { error: new MeshError('TIMEOUT', reason) });
  }

  /** Makes the deliveries due at once, each in a separate call. */
  #separate(group: Group<Payload>, reason: string): Promise<void> {
    for (const { recipient } of group) this.#troubled.add(recipient);
    return this.#putBack(group, reason);
  }

  /** Gives deliveries up or postpones them, after a failed attempt. */
  async #fail(group: Group<Payload>, { error, own }: Failure): Promise<void> {
    const { backoff, log } = this.#options;
    const reason = describeFailure(error);
    const retries: Retry[] = [];
    for (const delivery of group) {
      if (own && this.#options.batch > 1) this.#troubled.add(delivery.recipient);
      const failures = failuresAfter(delivery, own);
      if (await this.#gaveUp(delivery, { error, failures })) continue;
      const delayMs = Math.ceil(backoffMs(delivery.attempts, backoff));
      retries.push({ delivery, delayMs, failures });
    }
    await postponeDeliveries(this.#options, retries, reason);
    const [first] = retries;
    if (!first) return;
    // One line for each call: while the receiver is unavailable, all deliveries fail every minute.
    const level = first.delivery.attempts === 1 ? startupLevel() : 'debug';
    log[level]?.(
      {
        ...contextOf(this.#options, first.delivery),
        recipients: retries.length,
        error: reason,
        delay_ms: first.delayMs,
      },
      'an outbox message could not be delivered, trying again',
    );
  }

  /** Gives a delivery up if it was refused, has failed too often or waited too long. @returns Whether it is finished. */
  async #gaveUp(
    delivery: Delivery,
    { error, failures }: { error: unknown; failures: number },
  ): Promise<boolean> {
    const { service, log, maxFailures, maxWaitMs } = this.#options;
    const why = [
      isPermanent(error) && 'refused',
      failures >= maxFailures && 'failures',
      delivery.waitedMs > maxWaitMs && 'age',
    ].find((reason) => reason !== false);
    if (!why) return false;
    const reason = describeFailure(error);
    // After the lease, another relay may have claimed it.
    if (!(await giveUpDelivery(this.#options, delivery, { error: reason, failures }))) return true;
    givenUp.inc({ service, topic: delivery.payload.topic, reason: why });
    log.error(
      {
        ...contextOf(this.#options, delivery),
        delivery_id: delivery.id,
        failures,
        error: reason,
        reason: why,
      },
      'an outbox message was given up; an administrator can list, retry or drop it',
    );
    return true;
  }

  /** Ends claims without an attempt: due at once, for this process or another. */
  #putBack(group: Group<Payload>, reason: string): Promise<void> {
    const retries = group.map((delivery) => ({ delivery, delayMs: 0, failures: delivery.failures }));
    return postponeDeliveries(this.#options, retries, reason);
  }

  /** Leaves the claims to their leases. */
  #forget(group: Group<Payload>, error: unknown): void {
    this.#options.log.warn(
      { message_id: group[0]?.messageId, recipients: group.length, reason: describeDatabaseError(error) },
      'the outbox could not be written, the message is sent again when its lease ends',
    );
  }

  #messageFor({ messageId, recipient, payload }: Delivery<Payload>): OutboxMessage<Payload> {
    return { ...payload, key: `${this.#options.service}:${messageId}`, userId: recipient };
  }
}

/** A busy recipient counts once: enough for separate calls, but not to be given up. */
function failuresAfter({ failures }: Delivery, own: Failure['own']): number {
  if (own === 'busy') return Math.max(failures, 1);
  return own === 'failed' ? failures + 1 : failures;
}

function undelivered(reason: 'busy' | 'failed' | undefined): Failure {
  if (reason === 'busy') {
    const message = 'Another transaction blocks this recipient';
    return { error: new MeshError('SERVICE_UNAVAILABLE', message), own: 'busy' };
  }
  const message = 'The receiver failed for this recipient; its log has the reason';
  return { error: new MeshError('INTERNAL_SERVER_ERROR', message), own: 'failed' };
}

function contextOf({ tables }: AnyOutbox, { messageId, recipient, payload, attempts }: Delivery) {
  return {
    message_id: messageId,
    [recipientOf(tables)]: recipient,
    topic: payload.topic,
    attempt: attempts,
  };
}
