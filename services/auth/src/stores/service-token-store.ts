import { randomUUID } from 'node:crypto';
import type { TokenStamp } from '@arcadium/mesh/identity';
import { MeshError } from '@arcadium/mesh/wire';
import { Prisma, type PrismaClient, type Service, type ServiceToken } from '@arcadium/prisma/auth';
import { ourselves, recordAudit, type AuditRecord, type Origin } from './audit-log.ts';
import { changeIdentities } from './identity-change.ts';
import { endServiceTokens } from './service-token-end.ts';
import { addToBlacklist } from './token-blacklist.ts';
import type { Transaction } from './transaction.ts';

/** What is known of a token, and whose it is; never the token itself. */
export type StoredServiceToken = ServiceToken & { service: Service };

/** Where a list of tokens stopped. */
export type TokenPlace = Readonly<{ issuedAt: Date; jti: string }>;

/** A token that was made without this service. */
export interface SightedToken {
  tokenId: string;
  kid: string;
  service: { id: string; name: string };
  issuedAt: Date;
  expiresAt: Date;
}

/** What may be done with the tokens of one service while nobody else makes or ends any of them. */
export interface ServiceTokenChange {
  readonly service: Service;
  find(tokenId: string): Promise<StoredServiceToken | undefined>;
  successorOf(tokenId: string): Promise<StoredServiceToken | undefined>;
  /** How many have neither expired nor been revoked, counted up to `most`. */
  countLive(now: Date, most: number): Promise<number>;
  /** @throws KeyWithdrawnError when the key that is to sign it was withdrawn; until the end of this change none is. */
  add(token: {
    stamp: TokenStamp;
    kid: string;
    origin: 'issued' | 'rotated';
    replaces?: string;
  }): Promise<StoredServiceToken>;
  audit(record: AuditRecord): Promise<void>;
  /**
   * Revokes one token, or those that have not expired, and makes them void everywhere: up to 5000 of
   * them, the latest first. To be the last thing that is done.
   *
   * @param record Makes the audit entry, of which there is one; none is written where nothing was left to revoke.
   * @returns The ids of those that were revoked by it, the latest first.
   */
  revoke(
    which: { tokenId: string } | 'all',
    at: Date,
    record: (count: number) => AuditRecord,
  ): Promise<string[]>;
}

/** The key that was about to sign was withdrawn in that moment. */
export class KeyWithdrawnError extends MeshError {
  constructor() {
    super('SERVICE_UNAVAILABLE', 'The signing key was withdrawn', { retry: 'safe' });
  }
}

/** The tokens of services, by what they say. */
export interface ServiceTokenStore {
  find(tokenId: string): Promise<StoredServiceToken | undefined>;
  /** The latest first, of one service or of all, from after one of them. */
  list(
    limit: number,
    from: { after: TokenPlace | undefined; service: string | undefined },
  ): Promise<StoredServiceToken[]>;
  /** Whether there is, or was, a service of that name with a token. */
  knows(service: string): Promise<boolean>;
  /** Runs one change of a service's tokens, all or nothing; a service without any is made. */
  change<Result>(
    service: string,
    by: Origin,
    work: (change: ServiceTokenChange) => Promise<Result>,
  ): Promise<Result>;
  /** Makes a token void that is not known here, until no token of today can be good any more. */
  revokeUnknown(tokenId: string, expiresAt: Date, audit: AuditRecord & Origin): Promise<void>;
  /** Records a token that was made without this service; one that is known stays as it is. Answers with its service. */
  record(token: SightedToken): Promise<Service>;
  /** Deletes up to `limit` that had expired by then; answers how many. */
  deleteExpired(before: Date, limit: number): Promise<number>;
}

const withService = { include: { service: true } } as const;

/** Makes the store on a client of the auth schema. */
export function createServiceTokenStore(client: PrismaClient): ServiceTokenStore {
  return {
    async find(jti) {
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
      // The token may be anyone's: of a service that was not seen here, or of a user.
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

/** The service of that name; it keeps the id that it was first seen with. */
async function ensureService(
  transaction: Transaction,
  { id, name }: { id: string; name: string },
): Promise<Service> {
  const known = await transaction.service.findUnique({ where: { name } });
  if (known) return known;
  await transaction.service.createMany({ data: { id, name }, skipDuplicates: true });
  const made = await transaction.service.findUnique({ where: { name } });
  if (made) return made;
  // The id is another service's.
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
      // Whoever withdraws the key waits for this, and finds the token; or has done so, and there is to be none.
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
