import type { Broadcast } from '@arcadium/contracts/notification';
import type { StoredBroadcast } from '../../stores/broadcast-store.ts';

/** A broadcast as one administrator gets it: with his own mark, without the sender's key. */
export function presentBroadcast(row: StoredBroadcast): Broadcast {
  return {
    id: row.id,
    title: row.title,
    body: row.body,
    link: row.link,
    sender: row.sender,
    createdAt: row.createdAt.toISOString(),
    readAt: row.reads[0]?.readAt.toISOString() ?? null,
  };
}
