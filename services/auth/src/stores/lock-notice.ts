import type { Call } from '@arcadium/mesh/server';
import type { AnyProcedure } from '@arcadium/mesh/contract';
import { accountRule } from '../domain/throttle-schedule.ts';
import { recordAudit } from './audit-log.ts';
import { inTransaction, type Database } from './transaction.ts';

/**
 * Records that an account is locked, and writes what its owner is told, in one
 * transaction; nothing where he was told already, or there is no such account.
 *
 * @param account.key Of its count: once for as long as that goes on.
 */
export function tellOwnerOfLock(
  database: Database,
  { key, email }: { key: string; email: string },
  request: Pick<Call<AnyProcedure>, 'peer' | 'requestId'>,
): Promise<void> {
  return inTransaction(database, async (transaction) => {
    const [count] = await transaction.$queryRaw<{ told: boolean }[]>`
      SELECT owner_told AS told FROM login_throttles WHERE key = ${key} FOR UPDATE`;
    // Where there is none any more, the right password came meanwhile: a reason more to tell of those before.
    if (count?.told) return;
    await transaction.loginThrottle.updateMany({ where: { key }, data: { ownerTold: true } });
    const owner = await transaction.user.findUnique({ where: { email }, select: { id: true } });
    if (!owner) return;
    await transaction.notificationOutbox.create({
      data: {
        userIds: [owner.id],
        topic: 'security',
        title: 'Log-ins to your account are delayed',
        body: `Someone tried to log in to your account and failed ${accountRule.freeFailures} times. Further attempts have to wait, longer each time. Your existing sessions are not affected. If it was not you: no attempt succeeded, and a password that you use nowhere else keeps your account safe.`,
        link: '/',
      },
      select: { id: true },
    });
    await recordAudit(transaction, {
      event: 'account.locked',
      actor: { kind: 'system', id: null },
      subject: owner.id,
      request,
      detail: { failures: accountRule.freeFailures },
    });
  });
}
