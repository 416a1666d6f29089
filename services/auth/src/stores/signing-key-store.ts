import type { PublicJwk } from '@arcadium/mesh/identity';
import { Prisma, type PrismaClient, type SigningKey } from '@arcadium/prisma/auth';
import { ourselves, recordAudit, type AuditRecord, type Origin } from './audit-log.ts';
import { changeIdentities } from './identity-change.ts';
import { endServiceTokens, mostEndedAtOnce } from './service-token-end.ts';
import { addToBlacklist } from './token-blacklist.ts';

/** A key as stored. */
export type StoredKey = SigningKey;

/** A key to add. */
export interface NewKey {
  jwk: PublicJwk;
  /** The encrypted private JWK; none for a key of the environment. */
  sealedPrivate?: Uint8Array<ArrayBuffer> | undefined;
  publishedAt: Date;
  activeFrom: Date | null;
}

/** The keys, during a transaction in which no other changes any. */
export interface KeyChange {
  /** All keys in their current state, including removed ones. */
  readonly keys: readonly StoredKey[];
  add(key: NewKey): Promise<void>;
  /** Sets when a key starts to sign. */
  activate(kid: string, from: Date | null): Promise<void>;
  /** Removes a key permanently and deletes its private part. */
  remove(kid: string, at: Date): Promise<void>;
  audit(record: AuditRecord): Promise<void>;
  /** Whether a service token signed by this key has not expired yet. */
  isNeeded(kid: string, now: Date): Promise<boolean>;
  /**
   * Revokes a key and with it every token it signed, so that services that follow the revocations learn of it
   * without fetching the keys. Marks as many service tokens as one transaction may. Must be the last step of
   * the change.
   *
   * @returns Whether more tokens are left to mark.
   */
  voidTokens(kid: string, now: Date): Promise<boolean>;
}

/** The keys of this mesh in the database: public parts, and encrypted private parts of the keys created here. */
export interface SigningKeyStore {
  all(): Promise<StoredKey[]>;
  /**
   * Runs a change in one transaction, while every other change of identities waits.
   *
   * @param by The caller whose credentials are checked again first. @default this service itself
   */
  change<Result>(work: (change: KeyChange) => Promise<Result>, by?: Origin): Promise<Result>;
}

/** The latest possible `exp` of a token: a stolen key can sign any. */
const endOfTime = new Date(253_402_300_799_000);

/** Creates the store on a client of the auth schema. */
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
      // Empty instead of null, because null means a key of the environment.
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
