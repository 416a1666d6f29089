import type { Logger } from '@arcadium/mesh/telemetry';

/** Logs that a call is there, and later when its signal fired, in milliseconds since 1970 with their fractions. */
export function watchSignal(log: Logger, { id, signal }: { id: string; signal: AbortSignal }): void {
  signal.addEventListener('abort', () => {
    log.info({ gone: id, at: performance.timeOrigin + performance.now() }, 'the signal has fired');
  });
  log.info({ waits: id }, 'the call is there');
}
