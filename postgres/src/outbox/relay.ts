import { within } from '@arcadium/mesh/resilience';
import { Outage } from '@arcadium/mesh/telemetry';
import { describeDatabaseError } from '../database/database-errors.ts';
import { Listener } from '../database/listener.ts';
import { Backlog } from './backlog.ts';
import { Deliveries, type DeliveryOptions } from './delivery.ts';
import type { OutboxPayload } from './tables.ts';

export type { OutboxAnswer, OutboxMessage, OutboxSender } from './delivery.ts';
export { createOutboxHandlers, createOutboxRetention, type OutboxHandlers } from './given-up.ts';
export type { OutboxPayload, OutboxTables } from './tables.ts';
export { produce } from './trace.ts';

/** Delivers the messages of an outbox while it runs. */
export interface OutboxRelay {
  start(): void;
  /** Aborts calls in progress; their messages stay in the outbox. */
  stop(): Promise<void>;
}

/** Options of {@link createOutboxRelay}. */
export interface OutboxRelayOptions<
  Payload extends OutboxPayload = OutboxPayload,
> extends DeliveryOptions<Payload> {
  /** For the connection that listens for new rows: to PostgreSQL itself, not through a pooler. */
  databaseUrl: string;
  /** Longest time between two looks at the outbox, in milliseconds. @default 3000 */
  pollMs?: number;
}

/**
 * Creates the relay of an outbox. It sends each message at least once, and to each recipient in the order of writing.
 * Every replica may run one.
 */
export function createOutboxRelay<Payload extends OutboxPayload>(
  options: OutboxRelayOptions<Payload>,
): OutboxRelay {
  const { pollMs = 3000, log } = options;
  let stopping = new AbortController();
  let bell = Promise.withResolvers<void>();
  const ring = () => bell.resolve();
  const deliveries = new Deliveries(options, ring);
  let running: Promise<void> = Promise.resolve();
  let listener: Listener | undefined;
  let backlog: Backlog | undefined;

  const unread = new Outage(log);

  const begin = async (signal: AbortSignal): Promise<number> => {
    try {
      const waitMs = await deliveries.begin(signal);
      unread.end({}, 'the outbox can be read again');
      return waitMs;
    } catch (error) {
      unread.begin({ reason: describeDatabaseError(error) }, 'the outbox could not be read, trying again');
      return pollMs;
    }
  };
  const run = async (signal: AbortSignal) => {
    while (!signal.aborted) {
      bell = Promise.withResolvers();
      const { promise: rung } = bell;
      const waitMs = await begin(signal);
      // A timer may fire a moment early.
      await within(() => rung, { ms: Math.ceil(Math.min(waitMs + 2, pollMs)), onLate: () => {} });
    }
    await deliveries.idle();
  };

  return {
    start() {
      stopping = new AbortController();
      const { signal } = stopping;
      listener = new Listener({
        url: options.databaseUrl,
        channel: `${options.service}_${options.tables.messages}`,
        onConnect: ring,
        onPayload: ring,
        log,
      });
      listener.start();
      backlog = new Backlog(options.service, options);
      backlog.start();
      running = run(signal);
    },
    async stop() {
      stopping.abort();
      unread.close();
      ring();
      await Promise.all([running, listener?.stop(), backlog?.stop()]);
    },
  };
}
