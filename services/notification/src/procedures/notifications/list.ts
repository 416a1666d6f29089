import type { notificationContract } from '@arcadium/contracts/notification';
import type { HandlerOf } from '@arcadium/mesh/server';
import { decodeCursor } from '../../domain/cursor.ts';
import { pageOf } from '../../domain/page.ts';
import type { Stores } from '../../stores/stores.ts';
import { presentNotification } from './present.ts';

/** The caller's notifications, newest first. */
export function listNotifications({
  notifications,
}: Pick<Stores, 'notifications'>): HandlerOf<typeof notificationContract, 'notifications.list'> {
  return async ({ input: { limit, cursor, unreadOnly }, caller }) => {
    const after = cursor === undefined ? undefined : decodeCursor(cursor);
    const rows = await notifications.list(caller.user.id, { limit: limit + 1, after, unreadOnly });
    return pageOf(rows, limit, presentNotification);
  };
}
