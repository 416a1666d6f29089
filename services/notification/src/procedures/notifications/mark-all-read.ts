import type { NotificationDeps, NotificationHandler } from '../deps.ts';

/** Marks the caller's notifications up to one as read; later arrivals stay unread. */
export function markAllRead({
  stores: { notifications },
}: NotificationDeps): NotificationHandler<'notifications.markAllRead'> {
  return async ({ input, caller, errors }) => {
    const last = await notifications.find(caller.user.id, input.upTo);
    if (!last) throw errors.NOTIFICATION_NOT_FOUND({ id: input.upTo });
    return { changed: await notifications.markReadUpTo(caller.user.id, last) };
  };
}
