import { pageOf, timeCursor } from '@arcadium/mesh/server';
import { readerOf } from '../../domain/reader.ts';
import { presentBroadcast } from '../../presenters/broadcast.ts';
import type { NotificationDeps, NotificationHandler } from '../deps.ts';

/** The broadcasts, newest first, with the caller's own read marks. */
export function listBroadcasts({
  stores: { broadcasts },
}: NotificationDeps): NotificationHandler<'broadcasts.list'> {
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
