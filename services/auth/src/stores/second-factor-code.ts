import { recoveryCodeHash } from '../domain/recovery-code.ts';
import type { Seal } from '../domain/seal.ts';
import { totpStep } from '../domain/totp.ts';
import type { Transaction } from './transaction.ts';

/** The context of a sealed secret: another user's secret cannot be opened with it. */
export function secretOf(userId: string): string {
  return `totp:${userId}`;
}

/**
 * Uses up a code of the second factor: one of the app, or a recovery code. A code of the app older than the
 * last used one is rejected. The conditions are part of the writes, so only one of several concurrent
 * attempts succeeds.
 *
 * @returns False for a wrong or used code; then nothing is written.
 */
export async function takeCode(
  transaction: Transaction,
  seal: Seal,
  { userId, code, at }: { userId: string; code: string; at: Date },
): Promise<boolean> {
  const stored = await transaction.totpSecret.findUnique({ where: { userId } });
  if (!stored?.confirmedAt) return false;
  const step = totpStep(seal.open(stored.sealedSecret, secretOf(userId)), code, at);
  const { count } =
    step === undefined
      ? await transaction.recoveryCode.updateMany({
          where: { userId, hash: recoveryCodeHash(seal, userId, code), usedAt: null },
          data: { usedAt: at },
        })
      : await transaction.totpSecret.updateMany({
          where: { userId, OR: [{ lastStep: null }, { lastStep: { lt: step } }] },
          data: { lastStep: step },
        });
  return count === 1;
}
