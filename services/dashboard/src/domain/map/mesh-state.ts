import { z } from 'zod';

/** Hash of a contract; a process with an older mesh does not say it. */
const contract = z
  .string()
  .regex(/^[0-9a-f]{16}$/)
  .nullish()
  .catch(undefined);

const endpoint = z.object({
  url: z.string().max(2048),
  ip: z.string().max(64).nullable(),
  breaker: z.enum(['closed', 'open', 'half-open']),
  ejected: z.boolean(),
  leaving: z.boolean(),
  contract,
});

// Bounded, so that the sums of many processes stay exact.
const count = z.int().min(0).max(1e12);
const ms = z.number().min(0).max(1e12);
const name = z.string().min(1).max(128);

const statement = z.object({
  name,
  calls: count,
  failures: count,
  total_ms: ms,
  longest_ms: ms,
});

const migrations = z.object({
  applied: count,
  last: z.object({ name: z.string().max(256), applied_at: z.iso.datetime() }).nullable(),
  pending: count,
  failed: z.string().max(256).nullable(),
});

const database = z.object({
  statements: z
    .array(statement)
    .max(20)
    // Of a name that repeats, the first.
    .transform((all) => all.filter((one, at) => all.findIndex(({ name: same }) => same === one.name) === at)),
  migrations: migrations.nullable(),
});

const signingKey = z.object({
  kid: name,
  state: z.enum(['current', 'next', 'old']),
  changes_in_seconds: z.number().min(0).max(1e12).nullable(),
});

/**
 * What the dashboard reads of `/api/mesh`. What it does not need for the map is left out where it is not valid.
 */
export const meshState = z.object({
  targets: z
    .array(
      z.object({
        target: z.string(),
        retry_budget: z.number().min(0),
        contract,
        refused: z.array(z.string().max(128)).max(1000).optional().catch(undefined),
        endpoints: z.array(endpoint).max(1000),
      }),
    )
    .max(1000),
  identity: z
    .object({
      revocations: z.object({ state: z.string().max(64) }).optional(),
      token: z.object({ remaining_seconds: z.number() }).optional().catch(undefined),
      keys: z.array(signingKey).max(20).optional().catch(undefined),
    })
    .optional(),
  database: database.optional().catch(undefined),
  server: z.object({
    shedding: z.boolean(),
    queued: z.int().min(0),
    event_loop_delay_ms: z.number().min(0),
    procedures: z
      .array(z.object({ path: z.string().max(128), limit: z.int().min(0), in_flight: z.int().min(0) }))
      .max(1000),
  }),
});
export type MeshState = z.output<typeof meshState>;

/** What one process knows of a service that it calls. */
export type TargetFacts = Omit<MeshState['targets'][number], 'target'>;

/** What one process tells of its database. */
export type DatabaseState = z.output<typeof database>;
