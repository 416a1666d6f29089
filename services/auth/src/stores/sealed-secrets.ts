import type { PrismaClient } from '@arcadium/prisma/auth';
import type { Seal } from '../domain/seal.ts';
import { aboutKey } from '../domain/sealed-key.ts';
import { secretOf } from './second-factor-code.ts';

const macKey = 'mac key';

/**
 * Puts the stored key of HMACs in force. The first process that asks stores its own.
 *
 * @returns False if it was encrypted with another ENCRYPTION_KEY; then nothing changes.
 */
export async function loadMacKey(database: PrismaClient, seal: Seal): Promise<boolean> {
  const own = { name: macKey, sealed: seal.seal(seal.macKey.toString('base64url'), macKey) };
  await database.sealedSecret.createMany({ data: [own], skipDuplicates: true });
  const { sealed } = await database.sealedSecret.findUniqueOrThrow({ where: { name: macKey } });
  try {
    seal.macKey = Buffer.from(seal.open(sealed, macKey), 'base64url');
    return true;
  } catch {
    return false;
  }
}

/** Result of {@link renewSealed}. */
export interface Renewal {
  /** Rows that are encrypted with the first key since then. */
  renewed: number;
  /** Rows that no key can decrypt. */
  unreadable: number;
}

/** Rows that are read at once. */
const batch = 500;

/**
 * Encrypts with the first key what is encrypted with an older one. A row that changes meanwhile stays as it is then, so
 * replicas may do this at once.
 */
export async function renewSealed(database: PrismaClient, seal: Seal): Promise<Renewal> {
  const result: Renewal = { renewed: 0, unreadable: 0 };
  const renew = async (
    sealed: Uint8Array<ArrayBuffer>,
    about: string,
    write: (renewed: Uint8Array<ArrayBuffer>) => PromiseLike<{ count: number }>,
  ): Promise<void> => {
    let renewed: Uint8Array<ArrayBuffer> | undefined;
    try {
      renewed = seal.renew(sealed, about);
    } catch {
      result.unreadable += 1;
    }
    if (renewed) result.renewed += (await write(renewed)).count;
  };
  for (const { name, sealed } of await database.sealedSecret.findMany()) {
    await renew(sealed, name, (next) =>
      database.sealedSecret.updateMany({ where: { name, sealed }, data: { sealed: next } }),
    );
  }
  for (const { kid, sealedPrivate } of await database.signingKey.findMany()) {
    // Empty once the key was removed.
    if (!sealedPrivate?.length) continue;
    await renew(sealedPrivate, aboutKey(kid), (next) =>
      database.signingKey.updateMany({ where: { kid, sealedPrivate }, data: { sealedPrivate: next } }),
    );
  }
  let after = '00000000-0000-0000-0000-000000000000';
  for (;;) {
    const rows = await database.totpSecret.findMany({
      where: { userId: { gt: after } },
      orderBy: { userId: 'asc' },
      take: batch,
      select: { userId: true, sealedSecret: true },
    });
    for (const { userId, sealedSecret } of rows) {
      await renew(sealedSecret, secretOf(userId), (next) =>
        database.totpSecret.updateMany({ where: { userId, sealedSecret }, data: { sealedSecret: next } }),
      );
    }
    const last = rows.at(-1);
    if (!last || rows.length < batch) return result;
    after = last.userId;
  }
}
