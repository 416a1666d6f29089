import type { AuditEvent, ReportedDenial } from '@arcadium/contracts/auth';
import type { PlaceInTime } from '@arcadium/mesh/server';
import type { AuditEntry, PrismaClient } from '@arcadium/prisma/auth';
import { recordAudit, type AuditRecord } from './audit-log.ts';

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
  /** Records what a service denied; entries that are there already stay as they are. */
  addDenials(service: string, denials: readonly ReportedDenial[]): Promise<void>;
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
    async addDenials(service, denials) {
      await client.auditEntry.createMany({
        data: denials.map((denial) => rowOf(service, denial)),
        skipDuplicates: true,
      });
    },
  };
}

/** When it was recorded is this database's to say; when it was, is what the service says. */
function rowOf(service: string, denial: ReportedDenial) {
  const { id, caller, procedure, address, requestId, userId, ...detail } = denial;
  return {
    id,
    event: 'access.denied' satisfies AuditEvent,
    actorKind: caller.kind,
    actorId: caller.id,
    subject: `${service}${procedure.startsWith('/') ? '' : '.'}${procedure}`,
    address,
    requestId,
    detail: { service, ...detail, ...(userId !== null && { userId }) },
  };
}
