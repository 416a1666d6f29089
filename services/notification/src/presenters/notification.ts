import type { Notification, Topic } from '@arcadium/contracts/notification';
import type { StoredNotification } from '../stores/arrival-store.ts';
import type { ListedNotification } from '../stores/notification-store.ts';

/** A notification without the sender's key. */
export function presentNotification(row: ListedNotification): Notification {
  const { id, title, body, link, sender, createdAt, readAt } = row;
  const topic = row.topic as Topic; // ensured by a database constraint
  return { id, topic, title, body, link, sender, createdAt, readAt };
}

/** The same with its times as text. */
export function listed(row: StoredNotification): ListedNotification {
  const { createdAt, readAt } = row;
  return { ...row, createdAt: createdAt.toISOString(), readAt: readAt?.toISOString() ?? null };
}
