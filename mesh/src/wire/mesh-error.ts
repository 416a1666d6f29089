import type { ErrorCode } from './error-code.ts';
import type { InputIssue, NamedError, RetryAdvice } from './error-shape.ts';

/** What an error may hold beside its code and message. */
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
 * The one error class of the mesh. What is thrown as anything else is answered
 * as `INTERNAL_SERVER_ERROR` and only its log line says what it was.
 *
 * All but `cause`, `told` and the stack goes on the wire; these stay in the
 * service that threw.
 */
export class MeshError extends Error {
  readonly code: ErrorCode;
  /** Set when the error is one that the procedure's contract names. */
  readonly named: NamedError | undefined;
  /** Set when an input schema refused what was sent. */
  readonly issues: readonly InputIssue[] | undefined;
  /** What is known of making the same call again. @default as the code and the contract say */
  readonly retry: RetryAdvice | undefined;
  /** How long to wait before that, in milliseconds. */
  readonly retryAfterMs: number | undefined;
  /** Set when the process takes no calls yet. */
  readonly notServing: true | undefined;
  /** Set when the log has the cause as a state that began, so that the call itself is a debug line. */
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

/** The error for an idempotency key that its caller has used before, for the same procedure with another input. */
export function keyReused(): MeshError {
  return new MeshError('CONFLICT', 'This idempotency key was used for a call with another input', {
    named: { name: 'IDEMPOTENCY_KEY_REUSED', data: {} },
    retry: 'never',
  });
}
