export type { Account, Profile } from './account.ts';
export { authContract } from './contract.ts';
export type { SigningKeyEntry } from './keys.ts';
export { auditEvents, type AuditEntry, type AuditEvent, type ReportedDenial } from './audit.ts';
export type { SessionTokens } from './sessions.ts';
export type { RevocationEvent } from './revocations.ts';
