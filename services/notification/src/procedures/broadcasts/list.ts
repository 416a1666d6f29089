import type { notificationContract } from '@arcadium/contracts/notification';
import type { HandlerOf } from '@arcadium/mesh/server';
import { decodeCursor } from '../../domain/cursor.ts';
import { pageOf } from '../../domain/page.ts';
import type { Stores } from '../../stores/stores.ts';
import { presentBroadcast } from './present.ts';

/** What administrators were told, newest first, with the caller's own marks. */
export function listBroadcasts({
  broadcasts,
}: Pick<Stores, 'broadcasts'>): HandlerOf<typeof notificationContract, 'broadcasts.list'> {
  return async ({ input: { limit, cursor, unreadOnly }, caller }) => {
    const after = cursor === undefined ? undefined : decodeCursor(cursor);
    const rows = await broadcasts.list(caller.user.id, { limit: limit + 1, after, unreadOnly });
    return pageOf(rows, limit, presentBroadcast);
  };
}
