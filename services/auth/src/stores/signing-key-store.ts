import type { PublicJwk } from '@arcadium/mesh/identity';
import type { Prisma, PrismaClient, SigningKey } from '@arcadium/prisma/auth';
import { recordAudit, type AuditRecord } from './audit-log.ts';
import { addToBlacklist } from './token-blacklist.ts';

/** A key as stored. */
export type StoredKey = SigningKey;

/** A key that is new to the table. */
export interface NewKey {
  jwk: PublicJwk;
  /** The private JWK, sealed; none of a key of the environment. */
  sealedPrivate?: Uint8Array<ArrayBuffer> | undefined;
  publishedAt: Date;
  activeFrom: Date | null;
}

/** What may be done with the keys while nobody else changes any. */
export interface KeyChange {
  /** All of them, those that were removed included, as they are at this moment. */
  readonly keys: readonly StoredKey[];
  add(key: NewKey): Promise<void>;
  /** Says from when on a key signs. */
  activate(kid: string, from: Date | null): Promise<void>;
  /** Takes a key out for good; its private part is forgotten. */
  remove(kid: string, at: Date): Promise<void>;
  audit(record: AuditRecord): Promise<void>;
  /** Whether a service's token that this key signed has yet to expire. */
  isNeeded(kid: string, now: Date): Promise<boolean>;
  /**
   * Revokes a key, and the services' tokens that it signed: whoever follows what is revoked refuses all that it ever
   * signed, without having to ask for the keys. To be the last thing that is done.
   */
  voidTokens(kid: string, now: Date): Promise<void>;
}

/** The keys of this mesh in the database: their public parts, and the private ones of those made here, sealed. */
export interface SigningKeyStore {
  all(): Promise<StoredKey[]>;
  /** Runs one change, all or nothing, while every other one waits. */
  change<Result>(work: (change: KeyChange) => Promise<Result>): Promise<Result>;
}

/** Held by whoever changes keys; the number is theirs alone within the schema of auth. */
const changeLock = 7_261_350;

/** The latest `exp` that a token can have: whoever has stolen a key signs what he likes with it. */
const endOfTime = new Date(253_402_300_799_000);

/** Makes the store on a client of the auth schema. */
export function createSigningKeyStore(client: PrismaClient): SigningKeyStore {
  return {
    all: () => client.signingKey.findMany(),
    change: (work) =>
      client.$transaction(async (transaction) => {
        await transaction.$executeRaw`SELECT pg_advisory_xact_lock(${changeLock}::bigint)`;
        return work(createChange(transaction, await transaction.signingKey.findMany()));
      }),
  };
}

function createChange(transaction: Prisma.TransactionClient, keys: readonly StoredKey[]): KeyChange {
  const { signingKey, serviceToken } = transaction;
  return {
    keys,
    async add({ jwk, sealedPrivate, publishedAt, activeFrom }) {
      const data = { kid: jwk.kid, publicJwk: jwk, publishedAt, activeFrom };
      await signingKey.create({ data: { ...data, ...(sealedPrivate && { sealedPrivate }) } });
    },
    async activate(kid, from) {
      await signingKey.update({ where: { kid }, data: { activeFrom: from } });
    },
    async remove(kid, at) {
      const made = keys.find((key) => key.kid === kid)?.sealedPrivate;
      // Empty, not null, which would say that it came from the environment.
      const forgotten = made ? new Uint8Array() : null;
      await signingKey.update({ where: { kid }, data: { removedAt: at, sealedPrivate: forgotten } });
    },
    audit: (record) => recordAudit(transaction, record),
    async isNeeded(kid, now) {
      const where = { kid, expiresAt: { gt: now } };
      return (await serviceToken.findFirst({ where, select: { jti: true } })) !== null;
    },
    async voidTokens(kid, now) {
      const ended = await serviceToken.updateManyAndReturn({
        where: { kid, expiresAt: { gt: now }, revokedAt: null },
        data: { revokedAt: now },
        select: { jti: true, expiresAt: true },
      });
      const records = ended.map(({ jti: id, expiresAt }) => ({ id, expiresAt }));
      await addToBlacklist(transaction, [{ id: kid, expiresAt: endOfTime }, ...records], 'revoked');
    },
  };
}
