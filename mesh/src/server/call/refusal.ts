import { MeshError, type ErrorCode, type MeshErrorOptions } from '../../wire/index.ts';

/**
 * A call that was not begun: for want of capacity, because its time had
 * passed, or because its caller has made too many. There may be thousands a second, so they are logged in summary
 * (`refusal-log.ts`), never one by one, and those for want of capacity are made beforehand.
 */
export class Refusal extends MeshError {
  constructor(code: ErrorCode, message: string, options: Omit<MeshErrorOptions, 'cause'>) {
    // A stack says nothing here, and to record it is most of what an error costs.
    const { stackTraceLimit } = Error;
    Error.stackTraceLimit = 0;
    super(code, message, { retry: 'safe', ...options });
    Error.stackTraceLimit = stackTraceLimit;
  }
}

/** Nominal wait before a retry, in milliseconds. */
const retryAfterMs = 1000;

/** Made once, with waits of 50 % to 150 %: callers that all came back at once would overload the service again. */
const busy = Array.from(
  { length: 256 },
  (_, index) =>
    new Refusal('SERVICE_UNAVAILABLE', 'The service is overloaded', {
      retryAfterMs: Math.round(retryAfterMs * (0.5 + index / 255)),
    }),
);

/** Says that a call is refused for want of capacity; the same object for many calls. */
export function busyError(): MeshError {
  return busy[Math.floor(Math.random() * busy.length)] as MeshError;
}

/** Says that nobody waits for a call any more. */
export function lateError(): MeshError {
  return new Refusal('TIMEOUT', 'The deadline passed before the call was started', {});
}

/** Says that a caller is to wait so long, in milliseconds, before any call of this kind. @param message Which limit it is. */
export function tooManyError(waitMs: number, message: string): MeshError {
  return new Refusal('TOO_MANY_REQUESTS', message, { retryAfterMs: Math.max(1, Math.ceil(waitMs)) });
}

/** Says that a caller has as many things open as one may. @param things As `subscriptions`. */
export function tooManyOpenError(things: string, most: number): MeshError {
  const message = `This caller has ${most} ${things} open, which is the limit (STREAMS_PER_CALLER)`;
  return new Refusal('TOO_MANY_REQUESTS', message, { retryAfterMs });
}
