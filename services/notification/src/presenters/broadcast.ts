import type { Broadcast } from '@arcadium/contracts/notification';
import type { Reader } from '../domain/reader.ts';
import type { StoredBroadcast } from '../stores/broadcast-store.ts';

/**
 * A broadcast with one administrator's read mark, without the sender's key. One from before they became an
 * administrator counts as read since then.
 */
export function presentBroadcast(row: StoredBroadcast, { since }: Reader): Broadcast {
  const passed = since !== undefined && row.createdAt < since ? since : undefined;
  const readAt = row.reads[0]?.readAt ?? passed;
  return {
    id: row.id,
    title: row.title,
    body: row.body,
    link: row.link,
    sender: row.sender,
    createdAt: row.createdAt.toISOString(),
    readAt: readAt?.toISOString() ?? null,
  };
}
