import type { notificationContract } from '@arcadium/contracts/notification';
import type { HandlerOf } from '@arcadium/mesh/server';
import type { Stores } from '../../stores/stores.ts';

/** Marks the caller's notifications up to one as read; later arrivals stay unread. */
export function markAllRead({
  notifications,
}: Pick<Stores, 'notifications'>): HandlerOf<typeof notificationContract, 'notifications.markAllRead'> {
  return async ({ input, caller, errors }) => {
    const last = await notifications.find(caller.user.id, input.upTo);
    if (!last) throw errors.NOTIFICATION_NOT_FOUND({ id: input.upTo });
    return { changed: await notifications.markReadUpTo(caller.user.id, last) };
  };
}
