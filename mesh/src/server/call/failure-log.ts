import { describeError, type Logger } from '../../telemetry/index.ts';
import { errorCodes, MeshError } from '../../wire/index.ts';
import { spanFields } from './call-span.ts';
import { Refusal } from './refusal.ts';

/** Ends the subscriptions of a stopping service; their clients resume at another endpoint. */
export class StoppingError extends MeshError {
  constructor() {
    super('SERVICE_UNAVAILABLE', 'The service is stopping');
  }
}

/**
 * Logs a failed call: a fault here as error with its cause, an unavailable dependency as warning, a mistake of the caller
 * or a state that is already logged as debug. Skips what is logged elsewhere: refusals, in summary, and the stop.
 */
export function logFailure(log: Logger, failure: MeshError, context: Record<string, unknown>): void {
  if (failure instanceof Refusal || failure instanceof StoppingError) return;
  const { code, message, cause, told } = failure;
  if (code === 'INTERNAL_SERVER_ERROR') {
    log.error(
      { ...spanFields(failure), ...context, code, err: cause ?? failure },
      'a call failed because of a fault in this service',
    );
    return;
  }
  const fields = {
    ...spanFields(failure),
    ...context,
    code,
    reason: message,
    cause: cause && describeError(cause),
  };
  if (errorCodes[code].blames !== 'endpoint') log.debug(fields, 'a call was refused');
  else log[told ? 'debug' : 'warn'](fields, 'a call failed');
}
