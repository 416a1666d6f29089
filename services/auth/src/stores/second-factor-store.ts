import { newRecoveryCodes, recoveryCodeHash } from '../domain/recovery-code.ts';
import type { Seal } from '../domain/seal.ts';
import { newTotpSecret, totpStep } from '../domain/totp.ts';
import { recordAudit, type Origin } from './audit-log.ts';
import { changeIdentities } from './identity-change.ts';
import { secretOf, takeCode } from './second-factor-code.ts';
import type { Database, Transaction } from './transaction.ts';
import { findAccount, hasSecondFactor } from './user-store.ts';

/** The user, the time and the origin of a change. */
export interface FactorChange {
  userId: string;
  at: Date;
  origin: Origin;
}

/** Result of confirming a secret. */
export type Confirmed =
  | { outcome: 'done'; recoveryCodes: string[] }
  | { outcome: 'already-on' | 'not-enrolled' | 'bad-code' };

/** Second factors in the database, with encrypted secrets and hashed recovery codes. */
export interface SecondFactorStore {
  /** Creates a secret, which replaces an unconfirmed one. @returns `undefined` if the factor is on. */
  enroll(change: FactorChange): Promise<string | undefined>;
  /** Turns it on. */
  confirm(code: string, change: FactorChange): Promise<Confirmed>;
  /** @returns the new codes. */
  renewRecoveryCodes(
    code: string,
    change: FactorChange,
  ): Promise<{ outcome: 'done'; recoveryCodes: string[] } | { outcome: 'not-on' | 'bad-code' }>;
  /** Turns it off and deletes the secret and the recovery codes. */
  disable(code: string, change: FactorChange): Promise<'done' | 'not-on' | 'bad-code'>;
}

/**
 * Creates the store on a client of the auth schema. Each change locks its user, so changes of one user run
 * one at a time.
 */
export function createSecondFactorStore(database: Database, seal: Seal): SecondFactorStore {
  /** Runs a change for a user whose factor is on and who has a valid code. */
  async function withCode<Answer>(
    code: string,
    { userId, at, origin }: FactorChange,
    work: (transaction: Transaction) => Promise<Answer>,
  ): Promise<Answer | 'not-on' | 'bad-code'> {
    return changeIdentities(database, origin, { user: userId }, async (transaction) => {
      const user = await findAccount(transaction, userId);
      if (!user || !hasSecondFactor(user)) return 'not-on';
      return (await takeCode(transaction, seal, { userId, code, at })) ? work(transaction) : 'bad-code';
    });
  }

  async function giveRecoveryCodes(transaction: Transaction, userId: string): Promise<string[]> {
    const codes = newRecoveryCodes();
    await transaction.recoveryCode.deleteMany({ where: { userId } });
    await transaction.recoveryCode.createMany({
      data: codes.map((code) => ({ userId, hash: recoveryCodeHash(seal, userId, code) })),
    });
    return codes;
  }

  return {
    enroll: ({ userId, at, origin }) =>
      changeIdentities(database, origin, { user: userId }, async (transaction) => {
        const user = await findAccount(transaction, userId);
        if (user && hasSecondFactor(user)) return undefined;
        const secret = newTotpSecret();
        const sealed = { sealedSecret: seal.seal(secret, secretOf(userId)), createdAt: at };
        await transaction.totpSecret.upsert({
          where: { userId },
          create: { userId, ...sealed },
          update: sealed,
          select: { userId: true },
        });
        return secret;
      }),
    confirm: (code, { userId, at, origin }) =>
      changeIdentities(database, origin, { user: userId }, async (transaction): Promise<Confirmed> => {
        const stored = await transaction.totpSecret.findUnique({ where: { userId } });
        if (!stored) return { outcome: 'not-enrolled' };
        if (stored.confirmedAt) return { outcome: 'already-on' };
        const step = totpStep(seal.open(stored.sealedSecret, secretOf(userId)), code, at);
        if (step === undefined) return { outcome: 'bad-code' };
        await transaction.totpSecret.update({
          where: { userId },
          data: { confirmedAt: at, lastStep: step },
          select: { userId: true },
        });
        const recoveryCodes = await giveRecoveryCodes(transaction, userId);
        await recordAudit(transaction, { ...origin, event: 'second-factor.enabled', subject: userId });
        return { outcome: 'done', recoveryCodes };
      }),
    async renewRecoveryCodes(code, change) {
      const { userId, origin } = change;
      const answer = await withCode(code, change, async (transaction) => {
        await recordAudit(transaction, { ...origin, event: 'recovery-codes.renewed', subject: userId });
        return giveRecoveryCodes(transaction, userId);
      });
      return typeof answer === 'string' ? { outcome: answer } : { outcome: 'done', recoveryCodes: answer };
    },
    disable: (code, change) =>
      withCode(code, change, async (transaction) => {
        const { userId, origin } = change;
        await removeSecondFactor(transaction, userId);
        await recordAudit(transaction, { ...origin, event: 'second-factor.disabled', subject: userId });
        return 'done' as const;
      }),
  };
}

/** Deletes the secret, confirmed or not, and the recovery codes. */
export async function removeSecondFactor(transaction: Transaction, userId: string): Promise<void> {
  await transaction.totpSecret.delete({ where: { userId }, select: { userId: true } });
  await transaction.recoveryCode.deleteMany({ where: { userId } });
}
