import type { ErrorCode } from './error-code.ts';
import type { InputIssue, NamedError, RetryAdvice } from './error-shape.ts';

export type MeshErrorOptions = Readonly<{
  cause?: unknown;
  named?: NamedError;
  issues?: readonly InputIssue[];
  retry?: RetryAdvice;
  retryAfterMs?: number;
  notServing?: true;
  told?: true;
}>;

/**
 * The error class of the mesh. Any other error is answered as `INTERNAL_SERVER_ERROR`, and only the log has its
 * details. `cause`, `told` and the stack are not sent to the caller.
 *
 * @example
 * if (call.caller.user.role !== 'admin') throw new MeshError('FORBIDDEN', 'Only administrators may order for others');
 */
export class MeshError extends Error {
  readonly code: ErrorCode;
  /** Typed error of the procedure's contract. */
  readonly named: NamedError | undefined;
  /** Errors of the input schema. */
  readonly issues: readonly InputIssue[] | undefined;
  /** Whether to retry. @default as the code and the contract say */
  readonly retry: RetryAdvice | undefined;
  /** Wait before a retry, in milliseconds. */
  readonly retryAfterMs: number | undefined;
  /** Set if the process is starting and takes no calls yet. */
  readonly notServing: true | undefined;
  /** Set if the log already has the outage behind it, so that the call is a debug line. */
  readonly told: true | undefined;

  constructor(code: ErrorCode, message: string, options: MeshErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'MeshError';
    this.code = code;
    this.named = options.named;
    this.issues = options.issues;
    this.retry = options.retry;
    this.retryAfterMs = options.retryAfterMs;
    this.notServing = options.notServing;
    this.told = options.told;
  }
}

/**
 * Error for an idempotency key that the caller has used for the same procedure with another input.
 *
 * @example
 * const [stored, sent] = ['a digest of the first input', 'a digest of this one'];
 * if (stored !== sent) throw keyReused();
 */
export function keyReused(): MeshError {
  return new MeshError('CONFLICT', 'This idempotency key was used for a call with another input', {
    named: { name: 'IDEMPOTENCY_KEY_REUSED', data: {} },
    retry: 'never',
  });
}
