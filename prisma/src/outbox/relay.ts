import { within } from '@arcadium/mesh/resilience';
import { Outage } from '@arcadium/mesh/telemetry';
import { describeDatabaseError } from '../database/database-errors.ts';
import { Listener } from '../database/listener.ts';
import { Deliveries, type DeliveryOptions } from './delivery.ts';

export type { NotificationMessage, NotificationSender } from './delivery.ts';
export { createOutboxHandlers, createOutboxRetention, type OutboxHandlers } from './given-up.ts';

/** Delivers what the outbox holds, for as long as it runs. */
export interface NotificationRelay {
  start(): void;
  /** Ends what is being sent; what did not get through stays in the outbox. */
  stop(): Promise<void>;
}

/** How a relay is made. */
export interface NotificationRelayOptions<Topic extends string = string> extends DeliveryOptions<Topic> {
  /** For the connection that hears of new rows: PostgreSQL itself, no pooler. */
  databaseUrl: string;
  /** How often to look without having been told, in milliseconds. @default 3000 */
  pollMs?: number;
}

/**
 * Makes the relay that brings messages from the outbox to the notification
 * service, at least once each, to each recipient in the order in which they were
 * written. Any number of replicas may run one.
 */
export function createNotificationRelay<Topic extends string>(
  options: NotificationRelayOptions<Topic>,
): NotificationRelay {
  const { pollMs = 3000, log } = options;
  let stopping = new AbortController();
  let bell = Promise.withResolvers<void>();
  const ring = () => bell.resolve();
  const deliveries = new Deliveries(options, ring);
  let running: Promise<void> = Promise.resolve();
  let listener: Listener | undefined;

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
        // As the trigger of the migration has it.
        channel: `${options.service}_notification_outbox`,
        onConnect: ring,
        onPayload: ring,
        log,
      });
      listener.start();
      running = run(signal);
    },
    async stop() {
      stopping.abort();
      unread.close();
      ring();
      await Promise.all([running, listener?.stop()]);
    },
  };
}
