import type { Notification, Topic } from '@arcadium/contracts/notification';
import type { StoredNotification } from '../../stores/notification-store.ts';

/** A notification as its reader gets it: without the sender's key. */
export function presentNotification(row: StoredNotification): Notification {
  return {
    id: row.id,
    topic: row.topic as Topic, // the table's check admits no other
    title: row.title,
    body: row.body,
    link: row.link,
    sender: row.sender,
    createdAt: row.createdAt.toISOString(),
    readAt: row.readAt?.toISOString() ?? null,
  };
}
