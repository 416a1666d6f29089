import { recoveryCodeHash } from '../domain/recovery-code.ts';
import type { Seal } from '../domain/seal.ts';
import { totpStep } from '../domain/totp.ts';
import type { Transaction } from './transaction.ts';

/** What a secret is sealed for: that of another user does not open. */
export function secretOf(userId: string): string {
  return `totp:${userId}`;
}

/**
 * Takes a code of the second factor, of the app or for recovery: it is good no
 * more. Of codes of the app none is taken that is older than one that was. The
 * conditions are in the writes, so of several at once one is taken.
 *
 * @returns false for a wrong one, or one that was used; nothing is written then.
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
