import type { AuditEvent, ReportedDenial } from '@arcadium/contracts/auth';
import type { PlaceInTime } from '@arcadium/mesh/server';
import type { AuditEntry, PrismaClient } from '@arcadium/prisma/auth';
import { recordAudit, type AuditRecord, type Origin } from './audit-log.ts';
import { changeIdentities } from './identity-change.ts';

/** An entry as stored. */
export type StoredAuditEntry = AuditEntry;

/** Filter of a list. */
interface AuditFilter {
  event?: AuditEvent | undefined;
  subject?: string | undefined;
  actor?: string | undefined;
  since?: Date | undefined;
}

/** Reads the audit log for administrators, and writes entries that belong to no other change. */
export interface AuditStore {
  /** Newest first, starting after an entry. */
  list(filter: AuditFilter, limit: number, after: PlaceInTime | undefined): Promise<StoredAuditEntry[]>;
  /** Records an event that changes nothing else. Changes write their entry in their own transaction. */
  add(record: AuditRecord): Promise<void>;
  /** Records denials by this service. Existing entries are not changed. */
  addOwnDenials(denials: readonly ReportedDenial[]): Promise<void>;
  /** Records denials reported by another service, as its claim. */
  addClaimedDenials(service: string, by: Origin, denials: readonly ReportedDenial[]): Promise<void>;
}

/** Creates the store on a client of the auth schema. */
export function createAuditStore(client: PrismaClient): AuditStore {
  return {
    list({ event, subject, actor, since }, limit, after) {
      return client.auditEntry.findMany({
        where: {
          ...(event !== undefined && { event }),
          ...(subject !== undefined && { subject }),
          ...(actor !== undefined && { actorId: actor }),
          // The first condition follows from the second; it gives PostgreSQL a start in the index.
          at: { ...(after && { lte: after.at }), ...(since && { gte: since }) },
          ...(after && { OR: [{ at: { lt: after.at } }, { id: { lt: after.id } }] }),
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

/** A denial by this service, which verified the caller itself. */
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
 * A denial reported by another service. Only the reporting service and its address are verified; the denied
 * caller and the time are a claim, and are recorded only in the detail.
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
