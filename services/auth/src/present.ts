import type { Account, AuditEntry, Profile } from '@arcadium/contracts/auth';
import type { StoredAuditEntry } from './stores/audit-store.ts';
import { hasSecondFactor, type AccountRow } from './stores/user-store.ts';

/** What a user sees of himself. */
export function presentAccount(user: AccountRow): Account {
  return {
    id: user.id,
    name: user.name,
    email: user.email,
    // The database has a check on it.
    role: user.role as Account['role'],
    secondFactor: hasSecondFactor(user),
    createdAt: user.createdAt.toISOString(),
    disabledAt: user.disabledAt?.toISOString() ?? null,
  };
}

/** What anybody inside sees of a user. */
export function presentProfile({ id, name }: Profile): Profile {
  return { id, name };
}

/** What an administrator sees of the audit log. */
export function presentAuditEntry(entry: StoredAuditEntry): AuditEntry {
  const { id, at, event, actorKind, actorId, subject, address, requestId, detail } = entry;
  return {
    id,
    at: at.toISOString(),
    // Written by this service alone, as the contract has them.
    event: event as AuditEntry['event'],
    actor: { kind: actorKind as AuditEntry['actor']['kind'], id: actorId },
    subject,
    address,
    requestId,
    detail: detail as AuditEntry['detail'],
  };
}
