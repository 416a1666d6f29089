import { randomUUID } from 'node:crypto';
import type { TokenStamp } from '@arcadium/mesh/identity';
import { MeshError } from '@arcadium/mesh/wire';
import type { Prisma, PrismaClient, Service, ServiceToken } from '@arcadium/prisma/auth';
import type { AuditRecord } from './audit-log.ts';
import { recordAudit } from './audit-log.ts';
import { addToBlacklist } from './token-blacklist.ts';

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
  /** @throws KeyWithdrawnError when the key that is to sign it was withdrawn; until the end of this change none is. */
  add(token: {
    stamp: TokenStamp;
    kid: string;
    origin: 'issued' | 'rotated';
    replaces?: string;
  }): Promise<StoredServiceToken>;
  /** Marks one as revoked, or all that have not expired; answers with those that were not before, the latest first. */
  revoke(which: { tokenId: string } | 'all', now: Date): Promise<StoredServiceToken[]>;
  audit(record: AuditRecord): Promise<void>;
  /** Makes tokens void everywhere. To be the last thing that is done. */
  blacklist(tokens: readonly ServiceToken[]): Promise<void>;
}

/** The key that was about to sign was withdrawn in that moment. */
export class KeyWithdrawnError extends MeshError {
  constructor() {
    super('SERVICE_UNAVAILABLE', 'The key was withdrawn that was to sign', { retry: 'safe' });
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
  change<Result>(service: string, work: (change: ServiceTokenChange) => Promise<Result>): Promise<Result>;
  /** Makes a token void that is not known here, until no token of today can be good any more. */
  revokeUnknown(tokenId: string, expiresAt: Date, audit: AuditRecord): Promise<void>;
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
    change: (name, work) =>
      client.$transaction(async (transaction) => {
        const service = await ensureService(transaction, { id: randomUUID(), name });
        // Until the end of the transaction nobody else makes or ends a token of this service.
        await transaction.$queryRaw`SELECT id FROM services WHERE id = ${service.id} FOR NO KEY UPDATE`;
        return work(createChange(transaction, service));
      }),
    revokeUnknown: (id, expiresAt, audit) =>
      client.$transaction(async (transaction) => {
        if (await transaction.tokenBlacklist.findUnique({ where: { jti: id }, select: { jti: true } }))
          return;
        await recordAudit(transaction, audit);
        await addToBlacklist(transaction, [{ id, expiresAt }], 'revoked');
      }),
    record: ({ tokenId, service, ...token }) =>
      client.$transaction(async (transaction) => {
        const stored = await ensureService(transaction, service);
        const revoked = await transaction.tokenBlacklist.findUnique({ where: { jti: tokenId } });
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
  transaction: Prisma.TransactionClient,
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

function createChange(transaction: Prisma.TransactionClient, service: Service): ServiceTokenChange {
  const { serviceToken } = transaction;
  return {
    service,
    async find(jti) {
      return (await serviceToken.findUnique({ where: { jti }, ...withService })) ?? undefined;
    },
    async successorOf(replaces) {
      return (await serviceToken.findUnique({ where: { replaces }, ...withService })) ?? undefined;
    },
    async add({ stamp: { tokenId: jti, issuedAt, expiresAt }, kid, origin, replaces = null }) {
      // Whoever withdraws the key waits for this, and finds the token; or has done so, and there is to be none.
      const keys = await transaction.$queryRaw<{ withdrawn: boolean }[]>`
        SELECT removed_at IS NOT NULL AS withdrawn FROM signing_keys WHERE kid = ${kid} FOR SHARE`;
      if (keys.some(({ withdrawn }) => withdrawn)) throw new KeyWithdrawnError();
      return serviceToken.create({
        data: { jti, issuedAt, expiresAt, kid, origin, replaces, serviceId: service.id },
        ...withService,
      });
    },
    revoke: (which, now) =>
      serviceToken
        .updateManyAndReturn({
          where: {
            revokedAt: null,
            serviceId: service.id,
            ...(which === 'all' ? { expiresAt: { gt: now } } : { jti: which.tokenId }),
          },
          data: { revokedAt: now },
          ...withService,
        })
        .then((revoked) => revoked.toSorted((a, b) => b.issuedAt.getTime() - a.issuedAt.getTime())),
    audit: (record) => recordAudit(transaction, record),
    blacklist: (tokens) =>
      addToBlacklist(
        transaction,
        tokens.map(({ jti: id, expiresAt }) => ({ id, expiresAt })),
        'revoked',
      ),
  };
}
