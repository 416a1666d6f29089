import type { Call } from '@arcadium/mesh/server';
import type { AnyProcedure } from '@arcadium/mesh/contract';
import type { PrismaClient } from '@arcadium/prisma/auth';
import { accountRule } from '../domain/throttle-schedule.ts';
import { recordAudit } from './audit-log.ts';

/**
 * Records that an account is locked, and writes what its owner is told, in one
 * transaction; nothing, where there is no such account.
 */
export async function tellOwnerOfLock(
  client: PrismaClient,
  email: string,
  request: Pick<Call<AnyProcedure>, 'peer' | 'requestId'>,
): Promise<void> {
  await client.$transaction(async (transaction) => {
    const owner = await transaction.user.findUnique({ where: { email }, select: { id: true } });
    if (!owner) return;
    await transaction.notificationOutbox.create({
      data: {
        userIds: [owner.id],
        topic: 'security',
        title: 'Log-ins to your account are delayed',
        body: `Somebody tried to log in to your account and was wrong ${accountRule.freeFailures} times. Further attempts have to wait, longer each time. Where you are logged in you stay so. If it was not you: nobody got in, and a password that you use nowhere else keeps it so.`,
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
