import { z } from 'zod';
import { time } from '../field.ts';
import { serviceName, serviceStatus, share } from './status.ts';

/** Traffic over the last ten seconds, or in a minute of the past. */
const traffic = {
  /** Calls per second. */
  rate: z.number().min(0),
  /** Share of calls that did not fail by the fault of the server; null without calls. */
  success: share.nullable(),
  /** Percentiles of the duration, in milliseconds; null without calls. */
  p50: z.number().nullable(),
  p95: z.number().nullable(),
  p99: z.number().nullable(),
};

const node = z.object({
  service: z.string(),
  /** `user` and `anyone` stand for callers outside the mesh. */
  kind: z.enum(['service', 'user', 'anyone']),
  status: serviceStatus,
  replicas: z.int().min(0),
  /** Whether a replica refuses calls for lack of capacity. */
  shedding: z.boolean(),
  /** All calls that it answered, by its own figures. */
  ...traffic,
});
export type MapNode = z.output<typeof node>;

const edge = z.object({
  caller: z.string(),
  target: serviceName,
  /** By the caller's figures if it is a service, else by the target's. */
  ...traffic,
  /** What the caller's resilience does; null for callers outside the mesh. */
  resilience: z
    .object({
      /** Worst state of the breakers of the target's endpoints. */
      breaker: z.enum(['closed', 'half-open', 'open']),
      endpoints: z.int().min(0),
      /** Endpoints ejected as outliers. */
      ejected: z.int().min(0),
      /** Retries that the budget allows now, the least of the replicas. */
      retryBudget: z.number(),
      /** Events per second. */
      retries: z.number().min(0),
      failovers: z.number().min(0),
      hedges: z.number().min(0),
      /** Calls that were not sent because no breaker let them through. */
      refused: z.number().min(0),
      /** Mutations that may have been executed although they failed. */
      doubts: z.number().min(0),
      /** What is unusual, in words, most important first; empty while nothing is. */
      reasons: z.array(z.string()),
    })
    .nullable(),
});
export type MapEdge = z.output<typeof edge>;

/** The mesh at one time. */
export const meshMap = z.object({
  at: time,
  nodes: z.array(node),
  edges: z.array(edge),
});
export type MeshMap = z.output<typeof meshMap>;
