import type { AuditEvent, ReportedDenial } from '@arcadium/contracts/auth';
import type { PlaceInTime } from '@arcadium/mesh/server';
import type { AuditEntry, PrismaClient } from '@arcadium/prisma/auth';
import { recordAudit, type AuditRecord, type Origin } from './audit-log.ts';
import { changeIdentities } from './identity-change.ts';

/** An entry as stored. */
export type StoredAuditEntry = AuditEntry;

/** What a list is to hold. */
interface AuditFilter {
  event?: AuditEvent | undefined;
  subject?: string | undefined;
}

/** The audit log as administrators read it, and as gets into it what is written nowhere else. */
export interface AuditStore {
  /** Latest first, from after one of them. */
  list(filter: AuditFilter, limit: number, after: PlaceInTime | undefined): Promise<StoredAuditEntry[]>;
  /** Records what changes nothing else; what does, writes its entry in its own transaction. */
  add(record: AuditRecord): Promise<void>;
  /** Records what this service denied itself; entries that are there already stay as they are. */
  addOwnDenials(denials: readonly ReportedDenial[]): Promise<void>;
  /** Records what another service says that it denied, as its claim. */
  addClaimedDenials(service: string, by: Origin, denials: readonly ReportedDenial[]): Promise<void>;
}

/** Makes the store on a client of the auth schema. */
export function createAuditStore(client: PrismaClient): AuditStore {
  return {
    list({ event, subject }, limit, after) {
      return client.auditEntry.findMany({
        where: {
          ...(event !== undefined && { event }),
          ...(subject !== undefined && { subject }),
          // The first half follows from the second, and is where PostgreSQL can begin to read an index.
          ...(after && { at: { lte: after.at }, OR: [{ at: { lt: after.at } }, { id: { lt: after.id } }] }),
        },
        orderBy: [{ at: 'desc' }, { id: 'desc' }],
        take: limit,
      });
    },
    add: (record) => recordAudit(client, record),
    async addOwnDenials(denials) {
      await client.auditEntry.createMany({ data: denials.map(rowOfOwn), skipDuplicates: true });
    },
    addClaimedDenials: (service, by, denials) =>
      changeIdentities(client, by, {}, async (transaction) => {
        await transaction.auditEntry.createMany({
          data: denials.map((denial) => rowOfClaim(service, by, denial)),
          skipDuplicates: true,
        });
      }),
  };
}

const event: AuditEvent = 'access.denied';

/** What was denied here: who it was is known first-hand. */
function rowOfOwn({ id, caller, procedure, address, requestId, userId, ...detail }: ReportedDenial) {
  return {
    id,
    event,
    actorKind: caller.kind,
    actorId: caller.id,
    subject: subjectOf('auth', procedure),
    address,
    requestId,
    detail: { service: 'auth', ...detail, ...(userId !== null && { userId }) },
  };
}

/**
 * What another service reports. All that is known is who reports it and from where: whom the service says it denied,
 * and when, is its claim, and stands in the detail alone.
 */
function rowOfClaim(service: string, { actor, request }: Origin, denial: ReportedDenial) {
  const { id, caller, procedure, address, requestId, userId, ...detail } = denial;
  return {
    id,
    event,
    actorKind: actor.kind,
    actorId: actor.id,
    subject: subjectOf(service, procedure),
    address: request?.peer.address ?? null,
    requestId: request?.requestId ?? null,
    detail: {
      service,
      ...detail,
      claimedKind: caller.kind,
      claimedId: caller.id,
      claimedUserId: userId,
      claimedAddress: address,
      claimedRequestId: requestId,
    },
  };
}

function subjectOf(service: string, procedure: string): string {
  return `${service}${procedure.startsWith('/') ? '' : '.'}${procedure}`;
}
