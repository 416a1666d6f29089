import type { AuditEntry } from '@arcadium/contracts/auth';
import type { StoredAuditEntry } from '../stores/audit-store.ts';

/** An entry of the audit log for administrators. */
export function presentAuditEntry(entry: StoredAuditEntry): AuditEntry {
  const { id, at, event, actorKind, actorId, subject, address, requestId, detail } = entry;
  return {
    id,
    at: at.toISOString(),
    // Written only by this service, with the contract's values.
    event: event as AuditEntry['event'],
    actor: { kind: actorKind as AuditEntry['actor']['kind'], id: actorId },
    subject,
    address,
    requestId,
    detail: detail as AuditEntry['detail'],
  };
}
