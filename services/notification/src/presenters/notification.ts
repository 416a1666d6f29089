import type { Notification, Topic } from '@arcadium/contracts/notification';
import type { StoredNotification } from '../stores/notification-store.ts';

/** A notification without the sender's key. */
export function presentNotification(row: StoredNotification): Notification {
  return {
    id: row.id,
    topic: row.topic as Topic, // ensured by a database constraint
    title: row.title,
    body: row.body,
    link: row.link,
    sender: row.sender,
    createdAt: row.createdAt.toISOString(),
    readAt: row.readAt?.toISOString() ?? null,
  };
}
