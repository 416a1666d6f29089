import { z } from 'zod';
import { serviceName } from './status.ts';

/** A JSON Schema, draft 2020-12. */
const schema = z.record(z.string(), z.unknown());

const procedure = z.object({
  /** Such as `pages.create`. */
  path: z.string(),
  kind: z.enum(['query', 'mutation', 'subscription']),
  summary: z.string(),
  /** What a caller sends; null if the procedure has no input. */
  input: schema.nullable(),
  inputOptional: z.boolean(),
  /** What a caller gets, or one event of a subscription; null for nothing. */
  output: schema.nullable(),
  access: z.object({ words: z.string() }),
  errors: z.array(
    z.object({
      name: z.string(),
      code: z.string(),
      httpStatus: z.int(),
      message: z.string().nullable(),
      data: schema,
    }),
  ),
  idempotent: z.union([z.boolean(), z.literal('by-key')]),
  /** Longest time for one attempt, in milliseconds. */
  timeoutMs: z.number().nullable(),
  /** Inputs as callers send them; the first one is in the form. */
  examples: z.array(z.unknown()).max(20).optional(),
});
export type ExplorerProcedure = z.output<typeof procedure>;

/** What a service answers to `GET /api/contract`, as far as the explorer reads it. */
export const describedContract = z.object({
  name: z.string(),
  version: z.string(),
  procedures: z.array(procedure).max(1000),
});

/** The contract of one service as it was last read, or why it is not known. */
export const explorerService = z.object({
  service: serviceName,
  version: z.string().nullable(),
  /** Why it cannot be read now, in words; null if it can. */
  problem: z.string().nullable(),
  procedures: z.array(procedure).max(1000),
});
export type ExplorerService = z.output<typeof explorerService>;

const request = {
  service: serviceName,
  path: z.string().regex(/^[\w.-]{1,200}$/, 'must be the path of a procedure, such as pages.get'),
  /** JSON; empty for no input. */
  input: z.string().max(250_000).default(''),
  /**
   * `user`: the caller of this procedure, who is logged in here. `service`: the service `onBehalfOf`; for administrators,
   * where EXPLORER is `open`.
   */
  as: z.enum(['anyone', 'user', 'service']).default('anyone'),
  onBehalfOf: serviceName.optional(),
};

export const explorerCall = z.object({
  ...request,
  idempotencyKey: z
    .string()
    .regex(/^[\w:.-]{1,128}$/, 'up to 128 of A–Z a–z 0–9 _ : . -')
    .optional(),
  /** Time for the call, in milliseconds. */
  timeoutMs: z.int().min(1).max(30_000).default(10_000),
});

export const explorerAnswer = z.object({
  /** HTTP status; 0 if the service did not answer. */
  status: z.int().min(0),
  /** JSON: the output, or the error as the service words it. */
  answer: z.string(),
  failed: z.boolean(),
  /** Whether the answer was longer than 1 MiB and is cut off. */
  truncated: z.boolean(),
  durationMs: z.number().min(0),
  requestId: z.string(),
  traceId: z.string(),
});
export type ExplorerAnswer = z.output<typeof explorerAnswer>;

export const explorerWatch = z.object(request);

export const explorerEvent = z.object({
  /** Number of the event, from 1. */
  number: z.int().min(1),
  /** JSON of the event; of an error, if `failed`. */
  event: z.string(),
  failed: z.boolean(),
});
export type ExplorerEvent = z.output<typeof explorerEvent>;
