import { within } from '../resilience/index.ts';

/** What one probe found. */
export type ProbeResult = Readonly<{ status: HealthStatus; responseTimeMs: number }>;

export type HealthStatus = 'healthy' | 'degraded' | 'unhealthy';

/** Asks one thing how it is; answers, and never throws. */
export type Probe = () => Promise<ProbeResult>;

/** How long the answer of a probe serves all who ask, in milliseconds. */
const sharedForMs = 1000;

/** A probe slower than this counts as degraded, in milliseconds. */
export const slowAfterMs = 1000;

/**
 * Shares the answer of a probe for a second, and one that is under way with
 * all who ask meanwhile: health checks must not multiply under load.
 */
export function shared(probe: Probe): Probe {
  let latest: Promise<ProbeResult> | undefined;
  let expiresAt = 0;
  return () => {
    if (latest && performance.now() < expiresAt) return latest;
    // Until it is settled it is shared whatever the time; after that, for a second.
    expiresAt = Infinity;
    latest = probe().finally(() => {
      expiresAt = performance.now() + sharedForMs;
    });
    return latest;
  };
}

/**
 * Makes a probe of something that throws when it is gone: done in time is
 * healthy, thrown is unhealthy, and no answer within a second is degraded
 * (for a dependency that still serves, slowly).
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
