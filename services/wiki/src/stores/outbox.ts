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
  const rows = [];
  for (let start = 0; start < userIds.length; start += mostRecipients) {
    rows.push({ ...notice, userIds: userIds.slice(start, start + mostRecipients) });
  }
  if (rows.length > 0) await transaction.notificationOutbox.createMany({ data: rows });
}
