import type { PublicJwk } from '@arcadium/mesh/identity';
import { Prisma, type PrismaClient, type SigningKey } from '@arcadium/prisma/auth';
import { ourselves, recordAudit, type AuditRecord, type Origin } from './audit-log.ts';
import { changeIdentities } from './identity-change.ts';
import { endServiceTokens, mostEndedAtOnce } from './service-token-end.ts';
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
   * Revokes a key, and so all that it ever signed: whoever follows what is revoked learns of it without having to ask
   * for the keys. Of the services' tokens that it signed it marks as many as one transaction may. To be the last thing
   * that is done.
   *
   * @returns Whether more of them are left to be marked.
   */
  voidTokens(kid: string, now: Date): Promise<boolean>;
}

/** The keys of this mesh in the database: their public parts, and the private ones of those made here, sealed. */
export interface SigningKeyStore {
  all(): Promise<StoredKey[]>;
  /**
   * Runs one change, all or nothing, while every other change of identities waits.
   *
   * @param by Whose credentials are checked again first. @default this service itself
   */
  change<Result>(work: (change: KeyChange) => Promise<Result>, by?: Origin): Promise<Result>;
}

/** The latest `exp` that a token can have: whoever has stolen a key signs what he likes with it. */
const endOfTime = new Date(253_402_300_799_000);

/** Makes the store on a client of the auth schema. */
export function createSigningKeyStore(client: PrismaClient): SigningKeyStore {
  return {
    all: () => client.signingKey.findMany(),
    change: (work, by = ourselves) =>
      changeIdentities(client, by, { credentials: true }, async (transaction) =>
        work(createChange(transaction, await transaction.signingKey.findMany())),
      ),
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
      await addToBlacklist(transaction, [{ id: kid, expiresAt: endOfTime }], 'revoked');
      const signed = Prisma.sql`kid = ${kid} AND expires_at > ${now}::timestamptz`;
      return (await endServiceTokens(transaction, signed, now)).length === mostEndedAtOnce;
    },
  };
}
