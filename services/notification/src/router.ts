import type { notificationContract } from '@arcadium/contracts/notification';
import type { Handlers } from '@arcadium/mesh/server';
import { readerOf } from './domain/reader.ts';
import { listBroadcasts } from './procedures/broadcasts/list-broadcasts.ts';
import { sendBroadcast } from './procedures/broadcasts/send-broadcast.ts';
import type { NotificationDeps } from './procedures/deps.ts';
import { listNotifications } from './procedures/notifications/list-notifications.ts';
import { markAllRead } from './procedures/notifications/mark-all-read.ts';
import { sendBatch } from './procedures/notifications/send-batch.ts';
import { sendNotifications } from './procedures/notifications/send-notifications.ts';
import { sendNotification } from './procedures/notifications/send-notification.ts';
import { watchNotifications } from './procedures/notifications/watch-notifications.ts';
import { setPreferences } from './procedures/preferences/set-preferences.ts';

/** The handlers of the notification contract. Procedures with a single store call are written out here. */
export function createHandlers(deps: NotificationDeps): Handlers<typeof notificationContract> {
  const { broadcasts, notifications, preferences } = deps.stores;
  return {
    notifications: {
      send: sendNotification(deps),
      sendMany: sendNotifications(deps),
      sendBatch: sendBatch(deps),
      list: listNotifications(deps),
      unreadCount: async ({ caller }) => ({ count: await notifications.unreadCount(caller.user.id) }),
      markRead: async ({ input, caller }) => ({
        changed: await notifications.markRead(caller.user.id, input.ids),
      }),
      markAllRead: markAllRead(deps),
      markLinkRead: async ({ input, caller }) => ({
        changed: await notifications.markLinkRead(caller.user.id, {
          sender: caller.service.name,
          link: input.link,
        }),
      }),
      watch: watchNotifications(deps),
    },
    broadcasts: {
      send: sendBroadcast(deps),
      list: listBroadcasts(deps),
      unreadCount: async ({ caller }) => ({ count: await broadcasts.unreadCount(readerOf(caller)) }),
      markRead: async ({ input, caller }) => ({
        changed: await broadcasts.markRead(readerOf(caller), input.ids),
      }),
    },
    preferences: {
      get: async ({ caller }) => ({ muted: await preferences.muted(caller.user.id) }),
      set: setPreferences(deps),
    },
  };
}
