import type { Account, AuditEntry, Profile } from '@arcadium/contracts/auth';
import type { StoredAuditEntry } from './stores/audit-store.ts';
import { hasSecondFactor, type AccountRow } from './stores/user-store.ts';

/** A user as they see themselves. */
export function presentAccount(user: AccountRow): Account {
  return {
    id: user.id,
    name: user.name,
    email: user.email,
    // A database constraint ensures this.
    role: user.role as Account['role'],
    secondFactor: hasSecondFactor(user),
    createdAt: user.createdAt.toISOString(),
    disabledAt: user.disabledAt?.toISOString() ?? null,
  };
}

/** A user as every service and user may see them. */
export function presentProfile({ id, name }: Profile): Profile {
  return { id, name };
}

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
