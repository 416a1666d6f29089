import type { AuditEntry, AuditEvent } from '@arcadium/contracts/auth';
import { nobody, type Caller } from '@arcadium/mesh/contract';
import type { Peer } from '@arcadium/mesh/server';
import type { PrismaClient } from '@arcadium/prisma/auth';

/** A client, or a transaction of it. */
export type Connection = Pick<PrismaClient, 'auditEntry'>;

/** What is to be recorded. */
export interface AuditRecord {
  event: AuditEvent;
  /** Who did it; `system` is this service itself. */
  actor: AuditEntry['actor'];
  /** What it was done to. @default nothing */
  subject?: string | undefined;
  /** @default nothing: it came from no request */
  request?: { peer: Peer; requestId: string } | undefined;
  /** Never a password, a token or a code. */
  detail?: AuditEntry['detail'];
}

/** Writes an entry; through a transaction it stands and falls with what it is about. */
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

/** A caller, as the log names it; a service that acts for a user is the service. */
function actorOf({ service, user }: Caller): AuditEntry['actor'] {
  if (service) return { kind: 'service', id: service.name };
  return user ? { kind: 'user', id: user.id } : { kind: 'anyone', id: null };
}

/** Who does something, and by which request. */
export interface Origin extends Pick<AuditRecord, 'actor' | 'request'> {
  /** The credentials behind it, checked again before identities change; `nobody` where none are involved. */
  readonly caller: Caller;
}

/** Auth itself, without a request. */
export const ourselves: Origin = { caller: nobody, actor: { kind: 'system', id: null } };

/** Where a call comes from, for the log. */
export function originOf(call: { caller: Caller; peer: Peer; requestId: string }): Origin {
  const { caller, peer, requestId } = call;
  return { caller, actor: actorOf(caller), request: { peer, requestId } };
}

/** The origin of a call without a token, once the call has proved which user makes it. */
export function originAs(userId: string, { peer, requestId }: { peer: Peer; requestId: string }): Origin {
  return { caller: nobody, actor: { kind: 'user', id: userId }, request: { peer, requestId } };
}
