import { within } from '@arcadium/mesh/config';
import { Outage } from '@arcadium/mesh/telemetry';
import { describeDatabaseError } from '../database/database-errors.ts';
import type { DatabaseUrl } from '../database/database-url.ts';
import { Listener } from '../database/listener.ts';
import { withRemedy } from '../sql/sql-database.ts';
import { Backlog } from './backlog.ts';
import { Deliveries, type DeliveryOptions } from './delivery.ts';
import type { OutboxPayload } from './tables.ts';

/** Delivers the messages of an outbox while it runs. */
export interface OutboxRelay {
  start(): void;
  /** Claims nothing more; waits for calls in progress up to `drainMs`, then aborts them: their messages stay in the outbox. */
  stop(): Promise<void>;
}

/** Options of {@link createOutboxRelay}. */
export interface OutboxRelayOptions<
  Payload extends OutboxPayload = OutboxPayload,
> extends DeliveryOptions<Payload> {
  /**
   * For the connection that listens for new rows: to PostgreSQL itself, not through a pooler.
   *
   * @default none: new rows are found by polling alone
   */
  databaseUrl?: DatabaseUrl | undefined;
  /**
   * How long `stop()` waits for calls in progress before it aborts them, in milliseconds.
   *
   * @default 0
   */
  drainMs?: number | undefined;
  /** Longest time between two looks at the outbox, in milliseconds. @default 3000 */
  pollMs?: number;
}

/**
 * Creates the relay of an outbox. It sends each message at least once, and to each recipient in the order of writing.
 * Every replica may run one.
 *
 * @example
 * const relay = createOutboxRelay<Notice>({
 *   service: 'wiki',
 *   tables: notificationOutbox,
 *   database,
 *   databaseUrl,
 *   send: (messages, signal) => notification.notifications.sendBatch.mutate({ messages }, { signal }),
 *   log,
 * });
 * relay.start();
 * await relay.stop();
 */
export function createOutboxRelay<Payload extends OutboxPayload>(
  options: OutboxRelayOptions<Payload>,
): OutboxRelay {
  const { pollMs = 3000, drainMs = 0, databaseUrl, tables, log } = options;
  let stopping = new AbortController();
  let cut = new AbortController();
  let bell = Promise.withResolvers<void>();
  const ring = () => bell.resolve();
  const deliveries = new Deliveries(options, ring);
  let running: Promise<void> = Promise.resolve();
  let listener: Listener | undefined;
  let backlog: Backlog | undefined;

  const unread = new Outage(log);

  const begin = async (): Promise<number> => {
    try {
      const waitMs = await deliveries.begin(cut.signal);
      unread.end({}, 'the outbox can be read again');
      return waitMs;
    } catch (error) {
      const reason = describeDatabaseError(withRemedy(error, options.database.schema));
      unread.begin({ reason }, 'the outbox could not be read, trying again');
      return pollMs;
    }
  };
  const run = async (signal: AbortSignal) => {
    while (!signal.aborted) {
      bell = Promise.withResolvers();
      const { promise: rung } = bell;
      const waitMs = await begin();
      // A timer may fire a moment early.
      await within(() => rung, { ms: Math.ceil(Math.min(waitMs + 2, pollMs)), onLate: () => {} });
    }
    await deliveries.idle();
  };

  return {
    start() {
      stopping = new AbortController();
      cut = new AbortController();
      if (databaseUrl !== undefined) {
        const channel = tables.channel ?? `${options.service}_${tables.messages}`;
        listener = new Listener({ url: databaseUrl, channel, onConnect: ring, onPayload: ring, log });
        listener.start();
      }
      backlog = new Backlog(options.service, options);
      backlog.start();
      running = run(stopping.signal);
    },
    async stop() {
      stopping.abort();
      unread.close();
      ring();
      const draining = within(() => running, { ms: drainMs, onLate: () => cut.abort() });
      await Promise.all([draining, listener?.stop(), backlog?.stop()]);
      await running;
    },
  };
}
