import type { notificationContract } from '@arcadium/contracts/notification';
import { pageOf, timeCursor, type HandlerOf } from '@arcadium/mesh/server';
import { readerOf } from '../../domain/reader.ts';
import type { Stores } from '../../stores/stores.ts';
import { presentBroadcast } from './present.ts';

/** The broadcasts, newest first, with the caller's own read marks. */
export function listBroadcasts({
  broadcasts,
}: Pick<Stores, 'broadcasts'>): HandlerOf<typeof notificationContract, 'broadcasts.list'> {
  return async ({ input: { limit, cursor, unreadOnly }, caller }) => {
    const after = timeCursor.decode(cursor);
    const reader = readerOf(caller);
    const rows = await broadcasts.list(reader, { limit: limit + 1, after, unreadOnly });
    return pageOf(rows, limit, {
      item: (row) => presentBroadcast(row, reader),
      cursor: ({ createdAt: at, id }) => timeCursor.encode({ at, id }),
    });
  };
}
