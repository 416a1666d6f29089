import type { OutboxHandlers, OutboxTables } from '@arcadium/postgres/outbox';

/** A notification without its recipients, as `notification_outbox` has it. */
export type QueuedNotification<Topic extends string = string> = Readonly<{
  topic: Topic;
  title: string;
  body: string;
  /** A path of the service that sends it. */
  link: string;
}>;

type Listed = 'topic' | 'title';

/** The outbox for notifications, in each schema that has `notification_outbox` and `notification_deliveries`. */
export const notificationOutbox: OutboxTables<QueuedNotification, Listed> = {
  messages: 'notification_outbox',
  deliveries: 'notification_deliveries',
  payload: ['topic', 'title', 'body', 'link'],
  listed: ['topic', 'title'],
  traceparent: 'traceparent',
};

/** The handlers of the group `outbox` of a contract. */
export type NotificationOutboxHandlers = OutboxHandlers<QueuedNotification, Listed>;
