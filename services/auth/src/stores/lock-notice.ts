import type { Call } from '@arcadium/mesh/server';
import type { AnyProcedure } from '@arcadium/mesh/contract';
import { produce } from '@arcadium/postgres/outbox';
import { notificationOutbox } from '@arcadium/prisma/notification-outbox';
import { accountRule } from '../domain/throttle-schedule.ts';
import { recordAudit } from './audit-log.ts';
import { inTransaction, type Database } from './transaction.ts';

/**
 * Records that an account is locked and queues the notification of its owner, in one transaction. Does
 * nothing if the owner was already notified or the account does not exist.
 *
 * @param account.key The key of its counter: one notification as long as the counter exists.
 */
export function tellOwnerOfLock(
  database: Database,
  { key, email }: { key: string; email: string },
  request: Pick<Call<AnyProcedure>, 'peer' | 'requestId'>,
): Promise<void> {
  return inTransaction(database, async (transaction) => {
    const [count] = await transaction.$queryRaw<{ told: boolean }[]>`
      SELECT owner_told AS told FROM login_throttles WHERE key = ${key} FOR UPDATE`;
    // If the counter is gone, the right password was entered in between. The owner is notified of the
    // failures before it.
    if (count?.told) return;
    await transaction.loginThrottle.updateMany({ where: { key }, data: { ownerTold: true } });
    const owner = await transaction.user.findUnique({ where: { email }, select: { id: true } });
    if (!owner) return;
    await produce(notificationOutbox, (traceparent) =>
      transaction.notificationOutbox.create({
        data: {
          traceparent,
          userIds: [owner.id],
          topic: 'security',
          title: 'Log-ins to your account are delayed',
          body: `Someone tried to log in to your account and failed ${accountRule.freeFailures} times. Further attempts have to wait, longer each time. Your existing sessions are not affected. If it was not you: no attempt succeeded, and a password that you use nowhere else keeps your account safe.`,
          link: '/',
        },
        select: { id: true },
      }),
    );
    await recordAudit(transaction, {
      event: 'account.locked',
      actor: { kind: 'system', id: null },
      subject: owner.id,
      request,
      detail: { failures: accountRule.freeFailures },
    });
  });
}
