import type { Logger } from '@arcadium/mesh/telemetry';

/** Logs the arrival of a call, and later when its signal fired, in fractional milliseconds since 1970. */
export function watchSignal(log: Logger, { id, signal }: { id: string; signal: AbortSignal }): void {
  signal.addEventListener('abort', () => {
    log.info({ gone: id, at: performance.timeOrigin + performance.now() }, 'the signal has fired');
  });
  log.info({ waits: id }, 'the call is there');
}
