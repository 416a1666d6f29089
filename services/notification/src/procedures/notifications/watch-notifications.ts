import { tracked } from '@arcadium/mesh/server';
import type { Logger } from '@arcadium/mesh/telemetry';
import { MeshError } from '@arcadium/mesh/contract';
import { setTimeout as delay } from 'node:timers/promises';
import { positionOfId, startOf } from '../../domain/position.ts';
import { overlapMs, SentWindow } from '../../domain/sent-window.ts';
import type { Mailbox } from '../../domain/mailbox.ts';
import type { StoredNotification } from '../../stores/arrival-store.ts';
import type { Stores } from '../../stores/stores.ts';
import { listed, presentNotification } from '../../presenters/notification.ts';
import type { NotificationDeps, NotificationHandler } from '../deps.ts';

/** Rows per query while catching up. */
const page = 100;
/** Wait before a failed catch-up is repeated, in milliseconds. */
const retryAfterMs = 1000;

/**
 * The caller's notifications as they arrive; with `lastEventId`, first those after it, oldest first.
 *
 * Each is sent once. Sends to one user commit in the order of (created_at, id) (see DeliveryStore), so
 * everything before the last event was sent. Within a watch even a notification that commits out of order is
 * found (see SentWindow).
 *
 * @throws MeshError BAD_REQUEST when `lastEventId` cannot be the id of a notification.
 */
export function watchNotifications({
  arrivals,
  stores,
}: NotificationDeps): NotificationHandler<'notifications.watch'> {
  return async function* ({ input, caller, signal, log }) {
    const { id: userId } = caller.user;
    // Before anything is read: what commits meanwhile is in the mailbox, in the database, or in both.
    const mailbox = arrivals.open(userId, signal);
    try {
      const lastEventId = input?.lastEventId ?? undefined;
      const window =
        lastEventId === undefined ? await fromNow(stores, userId) : await after(stores, userId, lastEventId);
      if (lastEventId !== undefined) mailbox.adviseCatchUp();
      const source = { mailbox, window, log, read: stores.arrivals };
      for await (const row of follow(source)) yield tracked(row.id, presentNotification(listed(row)));
    } finally {
      mailbox.close();
    }
  };
}

/**
 * Only new notifications since the mailbox was opened: the query may have to wait for a connection, and what
 * commits meanwhile is also new.
 */
async function fromNow(stores: Stores, userId: string): Promise<SentWindow> {
  const opened = performance.now();
  const clock = await stores.arrivals.clock();
  // By the database's clock, and never later than the mailbox was opened.
  const last = startOf(new Date(clock.getTime() - (performance.now() - opened)));
  const { floor, rows } = await stores.arrivals.behind(userId, last, overlapMs);
  return new SentWindow({ last, floor, before: rows });
}

/** If the retention has deleted the last event, its id still implies its position. */
async function after(stores: Stores, userId: string, lastEventId: string): Promise<SentWindow> {
  const last = (await stores.notifications.find(userId, lastEventId)) ?? positionOfId(lastEventId);
  if (!last) throw new MeshError('BAD_REQUEST', 'lastEventId is not the id of a notification');
  const { floor, rows } = await stores.arrivals.behind(userId, last, overlapMs);
  return new SentWindow({ last, floor, sent: rows });
}

type Source = Readonly<{
  mailbox: Mailbox<StoredNotification>;
  window: SentWindow;
  log: Logger;
  read: Stores['arrivals'];
}>;

/** Everything from the mailbox and from catch-ups, each once, until the mailbox is closed. */
async function* follow(source: Source): AsyncGenerator<StoredNotification> {
  const { mailbox, window, log } = source;
  for (;;) {
    const mail = await mailbox.next();
    if (mail.kind === 'closed') return;
    if (mail.kind === 'arrival') {
      if (window.takeLive(mail.notification)) yield mail.notification;
      continue;
    }
    try {
      yield* catchUp(source);
    } catch (error) {
      log.warn(
        { err: error, retryMs: retryAfterMs },
        'could not read notifications that an open stream missed, trying again',
      );
      await delay(retryAfterMs, undefined, { signal: mailbox.signal }).catch(() => {}); // ended early by close()
      mailbox.adviseCatchUp();
    }
  }
}

async function* catchUp({ mailbox, window, read }: Source): AsyncGenerator<StoredNotification> {
  for (let from = window.start; !mailbox.signal.aborted;) {
    const rows = await read.after(mailbox.userId, from, page);
    for (const row of rows) {
      if (mailbox.signal.aborted) return;
      if (window.takeStored(row)) yield row;
    }
    const last = rows.at(-1);
    if (!last || rows.length < page) return;
    from = last;
  }
}
