import { pageOf, timeCursor } from '@arcadium/mesh/server';
import { presentNotification } from '../../presenters/notification.ts';
import type { NotificationDeps, NotificationHandler } from '../deps.ts';

export function listNotifications({
  stores: { notifications },
}: NotificationDeps): NotificationHandler<'notifications.list'> {
  return async ({ input: { limit, cursor, unreadOnly }, caller }) => {
    const after = timeCursor.decode(cursor);
    const rows = await notifications.list(caller.user.id, { limit: limit + 1, after, unreadOnly });
    return pageOf(rows, limit, {
      item: presentNotification,
      cursor: ({ createdAt, id }) => timeCursor.encode({ at: new Date(createdAt), id }),
    });
  };
}
