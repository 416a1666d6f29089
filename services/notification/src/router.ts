import type { notificationContract } from '@arcadium/contracts/notification';
import type { Handlers } from '@arcadium/mesh/server';
import { readerOf } from './domain/reader.ts';
import type { Arrivals } from './jobs/arrivals.ts';
import { listBroadcasts } from './procedures/broadcasts/list.ts';
import { sendBroadcast } from './procedures/broadcasts/send.ts';
import { listNotifications } from './procedures/notifications/list.ts';
import { markAllRead } from './procedures/notifications/mark-all-read.ts';
import { sendBatch } from './procedures/notifications/send-batch.ts';
import { sendNotifications } from './procedures/notifications/send-many.ts';
import { sendNotification } from './procedures/notifications/send.ts';
import { watchNotifications } from './procedures/notifications/watch.ts';
import { setPreferences } from './procedures/preferences/set.ts';
import type { Stores } from './stores/stores.ts';

export type HandlerDeps = Readonly<{ stores: Stores; arrivals: Arrivals }>;

/** The handlers of the notification contract. Procedures with a single store call are written out here. */
export function createHandlers({ stores, arrivals }: HandlerDeps): Handlers<typeof notificationContract> {
  const { broadcasts, notifications, preferences } = stores;
  return {
    notifications: {
      send: sendNotification(stores),
      sendMany: sendNotifications(stores),
      sendBatch: sendBatch(stores),
      list: listNotifications(stores),
      unreadCount: async ({ caller }) => ({ count: await notifications.unreadCount(caller.user.id) }),
      markRead: async ({ input, caller }) => ({
        changed: await notifications.markRead(caller.user.id, input.ids),
      }),
      markAllRead: markAllRead(stores),
      markLinkRead: async ({ input, caller }) => ({
        changed: await notifications.markLinkRead(caller.user.id, {
          sender: caller.service.name,
          link: input.link,
        }),
      }),
      watch: watchNotifications({ stores, arrivals }),
    },
    broadcasts: {
      send: sendBroadcast(stores),
      list: listBroadcasts(stores),
      unreadCount: async ({ caller }) => ({ count: await broadcasts.unreadCount(readerOf(caller)) }),
      markRead: async ({ input, caller }) => ({
        changed: await broadcasts.markRead(readerOf(caller), input.ids),
      }),
    },
    preferences: {
      get: async ({ caller }) => ({ muted: await preferences.muted(caller.user.id) }),
      set: setPreferences(stores),
    },
  };
}
