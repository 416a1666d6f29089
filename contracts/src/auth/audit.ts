import { admin, anyService, mutation, query } from '@arcadium/mesh/contract';
import { z } from 'zod';
import { example } from '../example.ts';
import { id, line, time } from '../field.ts';
import { listInput, listOf } from '../list.ts';

/** All recorded events. */
export const auditEvents = [
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
const event = z.enum(auditEvents);
export type AuditEvent = z.output<typeof event>;

const entry = z.object({
  id,
  at: time,
  event,
  /** Who did it. For an access denied by another service, that service, because it reports it. */
  actor: z.object({ kind: z.enum(['user', 'service', 'anyone', 'system']), id: z.string().nullable() }),
  /** What it was done to: the id of a user, token, session or key, or the path of a procedure. */
  subject: z.string().nullable(),
  /** The IP address of the caller. */
  address: z.string().nullable(),
  requestId: z.string().nullable(),
  /**
   * For a reported access, fields that begin with `claimed` are what the service says about the denied
   * caller.
   */
  detail: z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()])),
});
export type AuditEntry = z.output<typeof entry>;

/** Most denials in one entry; the mesh's `DenialReporter` splits larger numbers into several entries. */
const mostCounted = 100_000;

/**
 * An access that a service denied, or several with the same caller, procedure, reason and address within a
 * minute.
 */
const denial = z.object({
  /** Created by the reporting service; an id is recorded once. */
  id,
  /** Time of the first denial. */
  since: time,
  /** Number of denials. */
  count: z.int().min(1).max(mostCounted),
  caller: z.object({
    kind: z.enum(['user', 'service', 'anyone']),
    /** A user id or a service name. */
    id: z.string().max(128).nullable(),
  }),
  /** The user on whose behalf a service called. */
  userId: z.string().max(128).nullable(),
  /** The path of the procedure, or another path that was requested. */
  procedure: z.string().regex(/^[\w./-]{1,128}$/),
  reason: z.enum(['bad-credentials', 'not-admitted']),
  message: line(200),
  /** `audit`: the call was let through. */
  mode: z.enum(['enforce', 'audit']),
  address: line(64).nullable(),
  requestId: z
    .string()
    .regex(/^[\w.:-]{1,128}$/)
    .nullable(),
});
export type ReportedDenial = z.output<typeof denial>;

/** The log of changes to identities and of denied accesses. Entries never change. */
export const audit = {
  list: query({
    summary: 'The audit log, newest first',
    input: listInput
      .extend({
        event: event.optional(),
        subject: line(200).optional(),
        /** The id of a user, or the name of a service. */
        actor: line(128).optional(),
        /** Only entries of this time and later. */
        since: time.optional(),
      })
      .prefault({}),
    output: listOf(entry),
    examples: [{ event: 'session.login-failed', limit: 10 }],
    access: admin,
  }),
  report: mutation({
    summary:
      'Record accesses that the calling service denied, as its claim; repeating an entry changes nothing',
    input: z.object({ entries: z.array(denial).min(1).max(100) }),
    output: z.object({}),
    examples: [
      {
        entries: [
          {
            id: example.denial,
            since: example.time,
            count: 1,
            caller: { kind: 'user', id: example.user },
            userId: null,
            procedure: 'outbox.list',
            reason: 'not-admitted',
            message: 'Only administrators may call this',
            mode: 'enforce',
            address: '192.0.2.1',
            requestId: null,
          },
        ],
      },
    ],
    access: anyService,
    idempotent: true,
    priority: 'sheddable',
    // A process reports at most once a second, with up to 1000 entries after auth was down.
    rateLimit: { calls: 300, perMs: 60_000 },
  }),
};
