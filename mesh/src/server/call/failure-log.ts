import { describeError, type Logger } from '../../telemetry/index.ts';
import { errorCodes, MeshError } from '../../wire/index.ts';
import { Refusal } from './refusal.ts';

/** Ends the subscriptions of a service that stops; their clients go on elsewhere. */
export class StoppingError extends MeshError {
  constructor() {
    super('SERVICE_UNAVAILABLE', 'The service is stopping');
  }
}

/**
 * Logs a call that failed, as loud as its reader needs: what is broken here as
 * an error with its cause, what is unavailable as a warning, and a caller's own
 * mistake, or what the log tells of as a state, for those who look for it. What
 * was not begun is logged in summary, elsewhere, and so is the stop of the
 * service.
 */
export function logFailure(log: Logger, failure: MeshError, context: Record<string, unknown>): void {
  if (failure instanceof Refusal || failure instanceof StoppingError) return;
  const { code, message, cause, told } = failure;
  if (code === 'INTERNAL_SERVER_ERROR') {
    log.error(
      { ...context, code, err: cause ?? failure },
      'a call failed because of a fault in this service',
    );
    return;
  }
  const fields = { ...context, code, reason: message, cause: cause && describeError(cause) };
  if (errorCodes[code].blames !== 'endpoint') log.debug(fields, 'a call was refused');
  else log[told ? 'debug' : 'warn'](fields, 'a call failed');
}
