import { admin, query } from '@arcadium/mesh/contract';
import { z } from 'zod';
import { id, time } from '../field.ts';
import { listInput, listOf } from '../list.ts';

/** Everything that is recorded. */
const events = [
  'account.opened',
  'account.disabled',
  'account.enabled',
  'account.locked',
  'account.role-changed',
  'access.denied',
  'key.rotated',
  'key.withdrawn',
  'password.changed',
  'recovery-codes.renewed',
  'second-factor.disabled',
  'second-factor.enabled',
  'service-token.issued',
  'service-token.revoked',
  'service-token.rotated',
  'session.ended',
  'session.login',
  'session.login-failed',
  'session.reused',
] as const;
const event = z.enum(events);
export type AuditEvent = z.output<typeof event>;

const entry = z.object({
  id,
  at: time,
  event,
  /** Who did it. */
  actor: z.object({ kind: z.enum(['user', 'service', 'anyone', 'system']), id: z.string().nullable() }),
  /** What it was done to: a user’s, a token’s, a session’s or a key’s id, or the path of a procedure. */
  subject: z.string().nullable(),
  /** The IP address that it came from. */
  address: z.string().nullable(),
  requestId: z.string().nullable(),
  detail: z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()])),
});
export type AuditEntry = z.output<typeof entry>;

/** What was done to identities, by whom; nothing is ever changed in it. */
export const audit = {
  list: query({
    summary: 'What was recorded, the latest first',
    input: listInput
      .extend({ event: event.optional(), subject: z.string().max(200).optional() })
      .prefault({}),
    output: listOf(entry),
    access: admin,
  }),
};
