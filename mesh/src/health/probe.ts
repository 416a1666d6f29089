import { within } from '../resilience/index.ts';

/** Result of a probe; the response time in milliseconds. */
export type ProbeResult = Readonly<{ status: HealthStatus; responseTimeMs: number }>;

export type HealthStatus = 'healthy' | 'degraded' | 'unhealthy';

/** Checks one dependency; never rejects. */
export type Probe = () => Promise<ProbeResult>;

/** How long a result is shared, in milliseconds. */
const sharedForMs = 1000;

/** Time after which a probe counts as degraded, in milliseconds. */
export const slowAfterMs = 1000;

/**
 * Shares the result of a probe for a second, and a probe in progress with all
 * callers: health checks must not multiply under load.
 */
export function shared(probe: Probe): Probe {
  let latest: Promise<ProbeResult> | undefined;
  let expiresAt = 0;
  return () => {
    if (latest && performance.now() < expiresAt) return latest;
    // Until it is settled.
    expiresAt = Infinity;
    latest = probe().finally(() => {
      expiresAt = performance.now() + sharedForMs;
    });
    return latest;
  };
}

/**
 * Makes a probe of a check: healthy if it resolves, unhealthy if it rejects,
 * and degraded if it takes longer than a second.
 */
export function timed(check: (signal: AbortSignal) => Promise<void>): Probe {
  return async () => {
    const startedAt = performance.now();
    const status = await within(
      (signal) =>
        check(signal).then(
          () => 'healthy' as const,
          () => (signal.aborted ? 'degraded' : 'unhealthy'),
        ),
      { ms: slowAfterMs, onLate: () => 'degraded' as const },
    );
    return { status, responseTimeMs: Math.round(performance.now() - startedAt) };
  };
}
