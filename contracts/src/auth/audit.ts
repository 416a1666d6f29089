import { admin, anyService, mutation, query } from '@arcadium/mesh/contract';
import { z } from 'zod';
import { id, line, time } from '../field.ts';
import { listInput, listOf } from '../list.ts';

/** Everything that is recorded. */
const events = [
  'account.opened',
  'account.disabled',
  'account.enabled',
  'account.locked',
  'account.proof-failed',
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
  /** Who did it; of an access that another service denied, that service: it reports it. */
  actor: z.object({ kind: z.enum(['user', 'service', 'anyone', 'system']), id: z.string().nullable() }),
  /** What it was done to: a user’s, a token’s, a session’s or a key’s id, or the path of a procedure. */
  subject: z.string().nullable(),
  /** The IP address that it came from. */
  address: z.string().nullable(),
  requestId: z.string().nullable(),
  /** Of a reported access, what the service says of the one that it denied begins with `claimed`. */
  detail: z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()])),
});
export type AuditEntry = z.output<typeof entry>;

/** The most denials that one entry stands for; `DenialReporter` of the mesh makes several entries of more. */
const mostCounted = 100_000;

/** An access that a service denied, or several of the same caller, procedure, reason and address within a minute. */
const denial = z.object({
  /** Made by the service that reports it: the same one is recorded once. */
  id,
  /** When the first of them was. */
  since: time,
  /** How many. */
  count: z.int().min(1).max(mostCounted),
  caller: z.object({
    kind: z.enum(['user', 'service', 'anyone']),
    /** A user’s id, or a service’s name. */
    id: z.string().max(128).nullable(),
  }),
  /** The user for whom a service acted. */
  userId: z.string().max(128).nullable(),
  /** The path of the procedure, or of what else was asked for. */
  procedure: z.string().regex(/^[\w./-]{1,128}$/),
  reason: z.enum(['bad-credentials', 'not-admitted']),
  message: line(200),
  /** `audit`: it was let through. */
  mode: z.enum(['enforce', 'audit']),
  address: line(64).nullable(),
  requestId: z
    .string()
    .regex(/^[\w.:-]{1,128}$/)
    .nullable(),
});
export type ReportedDenial = z.output<typeof denial>;

/** What was done to identities, by whom; nothing is ever changed in it. */
export const audit = {
  list: query({
    summary: 'The audit log, newest first',
    input: listInput.extend({ event: event.optional(), subject: line(200).optional() }).prefault({}),
    output: listOf(entry),
    access: admin,
  }),
  report: mutation({
    summary:
      'Record accesses that the calling service denied, as its claim; repeating an entry changes nothing',
    input: z.object({ entries: z.array(denial).min(1).max(100) }),
    output: z.object({}),
    access: anyService,
    idempotent: true,
    priority: 'sheddable',
    // A process reports once a second at most, up to 1000 entries after a time without auth.
    rateLimit: { calls: 300, perMs: 60_000 },
  }),
};
