import type { Logger } from '../telemetry/index.ts';
import { errorCodes, type MeshError } from '../wire/index.ts';
import { Refusal } from './refusal.ts';

/**
 * Logs a call that failed, as loud as its reader needs: what is broken here as
 * an error with its cause, what is unavailable as a warning, and a caller's own
 * mistake for those who look for it. What was not begun is logged in summary,
 * elsewhere.
 */
export function logFailure(log: Logger, failure: MeshError, context: Record<string, unknown>): void {
  if (failure instanceof Refusal) return;
  const { code, message, cause } = failure;
  if (code === 'INTERNAL_SERVER_ERROR') {
    log.error(
      { ...context, code, err: cause ?? failure },
      'a call failed because of a fault in this service',
    );
  } else if (errorCodes[code].httpStatus >= 500 || code === 'TIMEOUT') {
    log.warn({ ...context, code, reason: message, cause: textOf(cause) }, 'a call failed');
  } else {
    log.debug({ ...context, code, reason: message }, 'a call was refused');
  }
}

function textOf(cause: unknown): string | undefined {
  return cause instanceof Error ? `${cause.name}: ${cause.message}` : undefined;
}
