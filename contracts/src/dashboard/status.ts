import { z } from 'zod';
import { time } from '../field.ts';

/** Name of a service of the mesh, as in its contract. */
export const serviceName = z.string().regex(/^[a-z][a-z0-9-]{0,62}$/, 'must be the name of a service');

/** `stale`: the last answer is older than three checks; `unknown`: not checked yet. */
export const serviceStatus = z.enum(['healthy', 'degraded', 'unhealthy', 'stale', 'unknown']);
export type ServiceStatus = z.output<typeof serviceStatus>;

const milliseconds = z.number().min(0);
/** A share, from 0 to 1. */
export const share = z.number().min(0).max(1);

/** The state of one process, by its last check. */
const replica = z.object({
  url: z.string(),
  status: serviceStatus,
  /** Time of the last check; null before the first. */
  checkedAt: time.nullable(),
  responseTimeMs: milliseconds.nullable(),
  version: z.string().nullable(),
  /** In seconds. */
  uptime: z.number().nullable(),
  database: z.enum(['connected', 'disconnected']).nullable(),
  dependencies: z.array(
    z.object({
      name: z.string(),
      status: z.enum(['healthy', 'degraded', 'unhealthy']),
      responseTimeMs: milliseconds,
    }),
  ),
  /** Why it is not healthy, in words; null while it is. */
  reason: z.string().nullable(),
});
export type Replica = z.output<typeof replica>;

/** Opened after three failed checks in a row, closed after two successful ones. */
export const incident = z.object({
  id: z.int(),
  service: serviceName,
  /** Time of the first failed check. */
  startedAt: time,
  /** Time of the first successful check of the end; null while it is open. */
  endedAt: time.nullable(),
  /** Why the first check failed, in words. */
  reason: z.string(),
});
export type Incident = z.output<typeof incident>;

/** Checks of one part of a span; without checks, the share is null. */
export const historyPoint = z.object({
  at: time,
  /** Share of successful checks. */
  up: share.nullable(),
  /** Worst status of the part. */
  status: serviceStatus,
  /** Mean and highest response time, of the checks that got an answer. */
  responseTimeMs: milliseconds.nullable(),
  slowestMs: milliseconds.nullable(),
});
export type HistoryPoint = z.output<typeof historyPoint>;

/** One service: the worst status of its replicas that matters to a caller, and its history. */
export const serviceOverview = z.object({
  service: serviceName,
  status: serviceStatus,
  checkedAt: time.nullable(),
  responseTimeMs: milliseconds.nullable(),
  replicas: z.array(replica),
  /** Share of successful checks; null without checks. */
  uptime: z.object({ day: share.nullable(), week: share.nullable(), month: share.nullable() }),
  /** The last hour, in 60 points, oldest first. */
  strip: z.array(historyPoint).max(60),
  incident: incident.nullable(),
});
export type ServiceOverview = z.output<typeof serviceOverview>;
