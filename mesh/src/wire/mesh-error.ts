import type { ErrorCode } from './error-code.ts';
import type { InputIssue } from './error-shape.ts';

/** A typed error of a contract as it travels: its name there, and data of its schema. */
export type NamedError = Readonly<{ name: string; data: unknown }>;

/**
 * The one error class of the mesh. What is thrown as anything else is answered
 * as `INTERNAL_SERVER_ERROR` and only its log line says what it was.
 *
 * `message`, `code`, `named` and `issues` go on the wire; `cause` and the stack stay in
 * the log of the service that threw.
 */
export class MeshError extends Error {
  readonly code: ErrorCode;
  /** Set when the error is one that the procedure's contract names. */
  readonly named: NamedError | undefined;
  /** Set when an input schema refused what was sent. */
  readonly issues: readonly InputIssue[] | undefined;

  constructor(
    code: ErrorCode,
    message: string,
    options: { cause?: unknown; named?: NamedError; issues?: readonly InputIssue[] } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'MeshError';
    this.code = code;
    this.named = options.named;
    this.issues = options.issues;
  }
}
