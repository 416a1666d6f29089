import type { AuditEntry, AuditEvent } from '@arcadium/contracts/auth';
import { nobody, type Caller } from '@arcadium/mesh/contract';
import type { Peer } from '@arcadium/mesh/server';
import type { PrismaClient } from '@arcadium/prisma/auth';

/** A client or a transaction. */
export type Connection = Pick<PrismaClient, 'auditEntry'>;

/** An entry to record. */
export interface AuditRecord {
  event: AuditEvent;
  /** The actor; `system` is this service itself. */
  actor: AuditEntry['actor'];
  /** The object of the action. @default none */
  subject?: string | undefined;
  /** @default none: it was not caused by a request */
  request?: { peer: Peer; requestId: string } | undefined;
  /** Never a password, a token or a code. */
  detail?: AuditEntry['detail'];
}

/** Writes an entry. Within a transaction, it is committed or rolled back with the change it is about. */
export async function recordAudit(to: Connection, record: AuditRecord): Promise<void> {
  const { event, actor, subject, request, detail = {} } = record;
  await to.auditEntry.create({
    data: {
      event,
      actorKind: actor.kind,
      actorId: actor.id,
      subject: subject ?? null,
      address: request?.peer.address ?? null,
      requestId: request?.requestId ?? null,
      detail,
    },
    select: { id: true },
  });
}

/** The caller as named in the log. For a service that acts for a user, this is the service. */
function actorOf({ service, user }: Caller): AuditEntry['actor'] {
  if (service) return { kind: 'service', id: service.name };
  return user ? { kind: 'user', id: user.id } : { kind: 'anyone', id: null };
}

/** The actor and the request of an action. */
export interface Origin extends Pick<AuditRecord, 'actor' | 'request'> {
  /** The credentials of the caller, checked again before identities change; `nobody` if there are none. */
  readonly caller: Caller;
}

/** Auth itself, without a request. */
export const ourselves: Origin = { caller: nobody, actor: { kind: 'system', id: null } };

/** The origin of a call, for the log. */
export function originOf(call: { caller: Caller; peer: Peer; requestId: string }): Origin {
  const { caller, peer, requestId } = call;
  return { caller, actor: actorOf(caller), request: { peer, requestId } };
}

/** The origin of a call without a token that has proved which user makes it. */
export function originAs(userId: string, { peer, requestId }: { peer: Peer; requestId: string }): Origin {
  return { caller: nobody, actor: { kind: 'user', id: userId }, request: { peer, requestId } };
}
