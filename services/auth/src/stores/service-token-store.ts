import { randomUUID } from 'node:crypto';
import type { TokenStamp } from '@arcadium/mesh/issuer';
import { MeshError } from '@arcadium/mesh/contract';
import { Prisma, type PrismaClient, type Service, type ServiceToken } from '@arcadium/prisma/auth';
import { ourselves, recordAudit, type AuditRecord, type Origin } from './audit-log.ts';
import { changeIdentities } from './identity-change.ts';
import { endServiceTokens } from './service-token-end.ts';
import { addToBlacklist } from './token-blacklist.ts';
import type { Transaction } from './transaction.ts';

/** The record of a token and its service; never the token itself. */
export type StoredServiceToken = ServiceToken & { service: Service };

/** The position in a list of tokens. */
export type TokenPlace = Readonly<{ issuedAt: Date; jti: string }>;

/** A token that was created without this service, such as by set-up. */
export interface SightedToken {
  tokenId: string;
  kid: string;
  service: { id: string; name: string };
  issuedAt: Date;
  expiresAt: Date;
}

/** The tokens of one service, during a transaction in which no other creates or revokes any of them. */
export interface ServiceTokenChange {
  readonly service: Service;
  find(tokenId: string): Promise<StoredServiceToken | undefined>;
  successorOf(tokenId: string): Promise<StoredServiceToken | undefined>;
  /** Number of live tokens, neither expired nor revoked, counted up to `most`. */
  countLive(now: Date, most: number): Promise<number>;
  /**
   * @throws KeyWithdrawnError if the signing key was withdrawn; it cannot be withdrawn until the end of this
   * change.
   */
  add(token: {
    stamp: TokenStamp;
    kid: string;
    origin: 'issued' | 'rotated';
    replaces?: string;
  }): Promise<StoredServiceToken>;
  audit(record: AuditRecord): Promise<void>;
  /**
   * Revokes one token or all unexpired ones, up to 5000, newest first. Must be the last step of the change.
   *
   * @param record Creates the audit entry; none is written if nothing was left to revoke.
   * @returns The ids of the revoked tokens, newest first.
   */
  revoke(
    which: { tokenId: string } | 'all',
    at: Date,
    record: (count: number) => AuditRecord,
  ): Promise<string[]>;
}

/** The key chosen to sign has been withdrawn. */
export class KeyWithdrawnError extends MeshError {
  constructor() {
    super('SERVICE_UNAVAILABLE', 'The signing key was withdrawn', { retry: 'safe' });
  }
}

/** The records of service tokens. */
export interface ServiceTokenStore {
  find(tokenId: string): Promise<StoredServiceToken | undefined>;
  /** Newest first, of one service or of all, starting after a position. */
  list(
    limit: number,
    from: { after: TokenPlace | undefined; service: string | undefined },
  ): Promise<StoredServiceToken[]>;
  /** Whether a service of that name has, or had, a token. */
  knows(service: string): Promise<boolean>;
  /** Runs a change of a service's tokens in one transaction; an unknown service is created. */
  change<Result>(
    service: string,
    by: Origin,
    work: (change: ServiceTokenChange) => Promise<Result>,
  ): Promise<Result>;
  /** Revokes an unknown token, for the longest lifetime of a token. */
  revokeUnknown(tokenId: string, expiresAt: Date, audit: AuditRecord & Origin): Promise<void>;
  /** Records a token that was created without this service; a known one is not changed. @returns Its service. */
  record(token: SightedToken): Promise<Service>;
  /** Deletes up to `limit` tokens that had expired by then. @returns The number deleted. */
  deleteExpired(before: Date, limit: number): Promise<number>;
}

const withService = { include: { service: true } } as const;

/** Creates the store on a client of the auth schema. */
export function createServiceTokenStore(client: PrismaClient): ServiceTokenStore {
  return {
    async find(jti) {
      // PostgreSQL cannot store NUL, and refuses to look for it.
      if (jti.includes('\0')) return undefined;
      return (await client.serviceToken.findUnique({ where: { jti }, ...withService })) ?? undefined;
    },
    list: (limit, { after, service }) =>
      client.serviceToken.findMany({
        where: {
          ...(service !== undefined && { service: { name: service } }),
          ...(after && {
            OR: [{ issuedAt: { lt: after.issuedAt } }, { issuedAt: after.issuedAt, jti: { lt: after.jti } }],
          }),
        },
        orderBy: [{ issuedAt: 'desc' }, { jti: 'desc' }],
        take: limit,
        ...withService,
      }),
    async knows(name) {
      return (await client.service.findUnique({ where: { name }, select: { id: true } })) !== null;
    },
    change: (name, by, work) =>
      changeIdentities(client, by, { service: name }, async (transaction) =>
        work(createChange(transaction, await ensureService(transaction, { id: randomUUID(), name }))),
      ),
    revokeUnknown: (id, expiresAt, audit) =>
      // The token may belong to any caller: a service not seen here, or a user.
      changeIdentities(client, audit, { credentials: true }, async (transaction) => {
        if (await transaction.tokenBlacklist.findUnique({ where: { jti: id }, select: { jti: true } }))
          return;
        await recordAudit(transaction, audit);
        await addToBlacklist(transaction, [{ id, expiresAt }], 'revoked');
      }),
    record: ({ tokenId, service, ...token }) =>
      changeIdentities(client, ourselves, { service: service.name }, async (transaction) => {
        const stored = await ensureService(transaction, service);
        const revoked = await transaction.tokenBlacklist.findFirst({
          where: { jti: { in: [tokenId, token.kid] } },
        });
        await transaction.serviceToken.createMany({
          data: {
            ...token,
            jti: tokenId,
            serviceId: stored.id,
            origin: 'set-up',
            revokedAt: revoked?.createdAt ?? null,
          },
          skipDuplicates: true,
        });
        return stored;
      }),
    deleteExpired: (before, limit) => client.$executeRaw`
      DELETE FROM service_tokens WHERE jti IN (
        SELECT jti FROM service_tokens WHERE expires_at < ${before}::timestamptz
        LIMIT ${limit}::int FOR UPDATE SKIP LOCKED
      )`,
  };
}

/** The service of that name, with the id it was first seen with. */
async function ensureService(
  transaction: Transaction,
  { id, name }: { id: string; name: string },
): Promise<Service> {
  const known = await transaction.service.findUnique({ where: { name } });
  if (known) return known;
  await transaction.service.createMany({ data: { id, name }, skipDuplicates: true });
  const made = await transaction.service.findUnique({ where: { name } });
  if (made) return made;
  // The id belongs to another service.
  await transaction.service.createMany({ data: { id: randomUUID(), name }, skipDuplicates: true });
  return transaction.service.findUniqueOrThrow({ where: { name } });
}

function createChange(transaction: Transaction, service: Service): ServiceTokenChange {
  const { serviceToken } = transaction;
  return {
    service,
    async find(jti) {
      return (await serviceToken.findUnique({ where: { jti }, ...withService })) ?? undefined;
    },
    async successorOf(replaces) {
      return (await serviceToken.findUnique({ where: { replaces }, ...withService })) ?? undefined;
    },
    countLive: (now, most) =>
      serviceToken.count({
        where: { serviceId: service.id, revokedAt: null, expiresAt: { gt: now } },
        take: most,
      }),
    async add({ stamp: { tokenId: jti, issuedAt, expiresAt }, kid, origin, replaces = null }) {
      // A concurrent withdrawal of the key waits for this transaction and sees the token, or it has committed
      // and no token may be created.
      const key = await transaction.signingKey.findUnique({ where: { kid }, select: { removedAt: true } });
      if (key?.removedAt) throw new KeyWithdrawnError();
      return serviceToken.create({
        data: { jti, issuedAt, expiresAt, kid, origin, replaces, serviceId: service.id },
        ...withService,
      });
    },
    audit: (record) => recordAudit(transaction, record),
    async revoke(which, at, record) {
      const wanted =
        which === 'all' ? Prisma.sql`expires_at > ${at}::timestamptz` : Prisma.sql`jti = ${which.tokenId}`;
      const own = Prisma.sql`service_id = ${service.id} AND ${wanted}`;
      const ended = await endServiceTokens(transaction, own, at);
      if (ended.length > 0) await recordAudit(transaction, record(ended.length));
      return ended;
    },
  };
}
