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

/** When a caller may come back, in milliseconds, and the share by which chance lengthens or shortens that: all at once they would be too many again. */
const retryAfterMs = 1000;
const jitter = 0.5;

/** So many different waits are told. */
const variety = 256;

const busy = Array.from(
  { length: variety },
  (_, index) =>
    new Refusal('SERVICE_UNAVAILABLE', 'The service is overloaded', {
      retryAfterMs: Math.round(retryAfterMs * (1 + jitter * ((2 * index) / (variety - 1) - 1))),
    }),
);

/** Says that a call is refused for want of capacity; the same object for many calls. */
export function busyError(): MeshError {
  return busy[Math.floor(Math.random() * variety)] as MeshError;
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
