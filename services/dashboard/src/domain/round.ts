import { z } from 'zod';

const health = z.enum(['healthy', 'degraded', 'unhealthy']);

/** What the dashboard reads of `/api/status`. */
export const statusReport = z.object({
  status: health,
  uptime: z.number(),
  version: z.string().max(100),
  database: z.enum(['connected', 'disconnected']),
  dependencies: z.record(z.string(), z.object({ status: health, response_time_ms: z.number().min(0) })),
});
export type StatusReport = z.output<typeof statusReport>;

/** A replica to check. */
export interface Target {
  readonly service: string;
  /** Its origin, for example `http://localhost:5000`. */
  readonly url: string;
  /** What its certificate must name. @default the host of the URL */
  readonly servername?: string | undefined;
}

/** What one replica answered to one check. */
export interface Check extends Target {
  /** Time of the answer, in milliseconds since 1970. */
  readonly at: number;
  /** Time that `/api/status` took; null without an answer. */
  readonly responseTimeMs: number | null;
  /** Its `/api/status`; undefined without a valid answer. */
  readonly report: StatusReport | undefined;
  /** Why there is no valid answer, in words. */
  readonly problem: string | undefined;
  /** Body of `/api/mesh`, not validated; undefined if it was not answered with 200. */
  readonly mesh: unknown;
  /** Text of `/metrics`; undefined if it was not answered with 200. */
  readonly metrics: string | undefined;
}

/** The checks that ended since the previous round, at most one of each replica. */
export interface Round {
  /** In milliseconds since 1970. */
  readonly at: number;
  /** All replicas that are watched now. */
  readonly targets: readonly Target[];
  readonly checks: readonly Check[];
}
