import { z } from 'zod';
import { time } from '../field.ts';
import { serviceName, share } from './status.ts';

const procedure = z.object({
  path: z.string(),
  /** null if the contract of the service is not known. */
  kind: z.enum(['query', 'mutation', 'subscription']).nullable(),
  summary: z.string(),
  /** Who may call, in words. */
  access: z.string(),
  /** Over the last minute. */
  rate: z.number().min(0),
  success: share.nullable(),
  p50: z.number().nullable(),
  p95: z.number().nullable(),
  p99: z.number().nullable(),
  /** Callers of the last hour, most calls first. */
  callers: z.array(z.object({ caller: z.string(), rate: z.number().min(0) })),
  /** Adaptive concurrency limit and calls in progress, of all replicas. */
  limit: z.int().nullable(),
  inFlight: z.int().nullable(),
});
export type ProcedureView = z.output<typeof procedure>;

const processFacts = z.object({
  url: z.string(),
  /** Share of a core. */
  cpu: z.number().nullable(),
  memoryBytes: z.number().nullable(),
  eventLoopDelayMs: z.number().nullable(),
  /** Connections of the database pool: in use, and the most allowed. */
  poolUsed: z.int().nullable(),
  poolMax: z.int().nullable(),
  /** Calls waiting for a turn. */
  queued: z.int().nullable(),
  shedding: z.boolean(),
  /** Life left of its service token, in seconds. */
  tokenLifeSeconds: z.number().nullable(),
  revocations: z.string().nullable(),
});
export type ProcessFacts = z.output<typeof processFacts>;

const failure = z.object({
  at: time,
  requestId: z.string().nullable(),
  traceId: z.string().nullable(),
  message: z.string(),
});

const outboxFacts = z.object({
  waiting: z.int().min(0),
  oldestAt: time.nullable(),
  givenUp: z.int().min(0),
});

const statement = z.object({
  /** Its name, or its operation and table, such as `SELECT pages`. */
  name: z.string(),
  /** Per second, over the last minute; null while that is not known. */
  rate: z.number().min(0).nullable(),
  /** Since the start of the processes. */
  calls: z.int().min(0),
  failures: z.int().min(0),
  /** From sending the statement to the end of the answer, in milliseconds. */
  totalMs: z.number().min(0),
  meanMs: z.number().min(0),
  longestMs: z.number().min(0),
});
export type StatementView = z.output<typeof statement>;

const migrations = z.object({
  applied: z.int().min(0),
  last: z.object({ name: z.string(), at: time }).nullable(),
  /** Known to the service, and not applied. */
  pending: z.int().min(0),
  failed: z.string().nullable(),
});
export type MigrationsView = z.output<typeof migrations>;

const databaseFacts = z.object({
  /** Of all processes, most total time first. */
  statements: z.array(statement).max(20),
  migrations: migrations.nullable(),
});

const signingKey = z.object({
  kid: z.string(),
  state: z.enum(['current', 'next', 'old']),
  /** Until it signs, until another key signs instead, or until it is removed, in seconds. */
  changesInSeconds: z.number().min(0).nullable(),
});
export type SigningKeyView = z.output<typeof signingKey>;

/** One service in detail. */
export const serviceView = z.object({
  service: serviceName,
  processes: z.array(processFacts),
  procedures: z.array(procedure),
  /** From its log, newest first. */
  failures: z.array(failure).max(20),
  outbox: outboxFacts.nullable(),
  /** Null if no process tells of a database. */
  database: databaseFacts.nullable(),
  /** The keys that it signs tokens with; null if it signs none. */
  keys: z.array(signingKey).max(20).nullable(),
});
export type ServiceView = z.output<typeof serviceView>;
