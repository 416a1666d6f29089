import { produce } from '@arcadium/postgres/outbox';
import { notificationOutbox } from '@arcadium/prisma/notification-outbox';
import type { Notice } from '../domain/notice.ts';
import type { Transaction } from './transaction.ts';

/** Most recipients of one message, as in the contract of the notification service. */
const mostRecipients = 500;

/** Queues a notification for these users, in the transaction of the change that caused it. */
export async function queueNotice(
  transaction: Transaction,
  notice: Notice,
  userIds: readonly string[],
): Promise<void> {
  if (userIds.length === 0) return;
  await produce(notificationOutbox, (traceparent) => {
    const rows = [];
    for (let start = 0; start < userIds.length; start += mostRecipients)
      rows.push({ ...notice, traceparent, userIds: userIds.slice(start, start + mostRecipients) });
    return transaction.notificationOutbox.createMany({ data: rows });
  });
}
