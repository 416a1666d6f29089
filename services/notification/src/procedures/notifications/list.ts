import type { notificationContract } from '@arcadium/contracts/notification';
import { pageOf, timeCursor, type HandlerOf } from '@arcadium/mesh/server';
import type { Stores } from '../../stores/stores.ts';
import { presentNotification } from './present.ts';

export function listNotifications({
  notifications,
}: Pick<Stores, 'notifications'>): HandlerOf<typeof notificationContract, 'notifications.list'> {
  return async ({ input: { limit, cursor, unreadOnly }, caller }) => {
    const after = timeCursor.decode(cursor);
    const rows = await notifications.list(caller.user.id, { limit: limit + 1, after, unreadOnly });
    return pageOf(rows, limit, {
      item: presentNotification,
      cursor: ({ createdAt, id }) => timeCursor.encode({ at: new Date(createdAt), id }),
    });
  };
}
