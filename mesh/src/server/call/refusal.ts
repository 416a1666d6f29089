import { MeshError, type ErrorCode, type MeshErrorOptions } from '../../wire/index.ts';

/**
 * A call that was not started: no capacity, deadline passed, or too many calls of its caller. There may be thousands a
 * second, so they are logged only in summary (`refusal-log.ts`).
 *
 * @example
 * throw new Refusal('SERVICE_UNAVAILABLE', 'All log-in slots are taken', { retryAfterMs: 1000 });
 */
export class Refusal extends MeshError {
  constructor(code: ErrorCode, message: string, options: Omit<MeshErrorOptions, 'cause'>) {
    // Recording a stack, useless here, is most of the cost of an error.
    const { stackTraceLimit } = Error;
    Error.stackTraceLimit = 0;
    super(code, message, { retry: 'safe', ...options });
    Error.stackTraceLimit = stackTraceLimit;
  }
}

/** Nominal wait before a retry, in milliseconds. */
export const retryAfterMs = 1000;

/** Made once, with waits of 50 % to 150 %: callers that all came back at once would overload the service again. */
const busy = Array.from(
  { length: 256 },
  (_, index) =>
    new Refusal('SERVICE_UNAVAILABLE', 'The service is overloaded', {
      retryAfterMs: Math.round(retryAfterMs * (0.5 + index / 255)),
    }),
);

/** The refusal of a call for lack of capacity. Calls share its objects. */
export function busyError(): MeshError {
  return busy[Math.floor(Math.random() * busy.length)] as MeshError;
}

/** The refusal of a call whose deadline has passed. */
export function lateError(): MeshError {
  return new Refusal('TIMEOUT', 'The deadline passed before the call was started', {});
}

/** The refusal of a call over the rate limit that `message` names. @param waitMs Until one is allowed, in milliseconds. */
export function tooManyError(waitMs: number, message: string): MeshError {
  return new Refusal('TOO_MANY_REQUESTS', message, { retryAfterMs: Math.max(1, Math.ceil(waitMs)) });
}

/** The refusal of a caller with too many things open. @param things Such as `subscriptions`. */
export function tooManyOpenError(things: string, most: number): MeshError {
  const message = `This caller has ${most} ${things} open, which is the limit (STREAMS_PER_CALLER)`;
  return new Refusal('TOO_MANY_REQUESTS', message, { retryAfterMs });
}
