import { z } from 'zod';
import type { Access } from './access.ts';
import type { ErrorDefinitions } from './error.ts';

/** What a procedure does: read, change, or send a stream of events. */
export type ProcedureKind = 'query' | 'mutation' | 'subscription';

/**
 * One procedure of a contract, as data. What goes over the wire is JSON, so
 * neither schema may turn a value into something that JSON cannot carry.
 */
export interface Procedure<
  Kind extends ProcedureKind,
  Input extends z.ZodType,
  Output extends z.ZodType,
  Caller extends string,
  Errors extends ErrorDefinitions,
> {
  readonly kind: Kind;
  /** What it does, in a line for the reader of the API page. */
  readonly summary: string;
  readonly input: Input;
  /** The answer; of a subscription, one event. */
  readonly output: Output;
  readonly access: Access<Caller>;
  /** Whether making the call twice does no more than making it once, so that it may be retried. */
  readonly idempotent: boolean;
  /** The longest that one attempt may take, in milliseconds, where 5 s (or what either side is configured to) is not right. */
  readonly timeoutMs: number | undefined;
  readonly errors: Errors;
}

/** Any procedure, for generic constraints. */
export type AnyProcedure = Procedure<ProcedureKind, z.ZodType, z.ZodType, string, ErrorDefinitions>;

/** The longest that one attempt may take unless its contract says otherwise, in milliseconds. */
export const defaultTimeoutMs = 5000;

interface ProcedureOptions<
  Input extends z.ZodType,
  Output extends z.ZodType,
  Caller extends string,
  Errors extends ErrorDefinitions,
> {
  /** What it does, in a line. */
  summary: string;
  /** @default no input */
  input?: Input;
  output: Output;
  /** Who may call it: there is no default. */
  access: Access<Caller>;
  /** Longest time for one attempt, in milliseconds, on both sides. @default 5000, or the caller's REQUEST_TIMEOUT_MS */
  timeoutMs?: number;
  /** The typed errors it may answer with. @default none */
  errors?: Errors;
}

interface MutationOptions<
  Input extends z.ZodType,
  Output extends z.ZodType,
  Caller extends string,
  Errors extends ErrorDefinitions,
> extends ProcedureOptions<Input, Output, Caller, Errors> {
  /** Whether a second call with the same input changes nothing more. @default false */
  idempotent?: boolean;
}

// In the three below, NoInfer keeps a left-out `input` or `errors` at its default: without it TypeScript takes
// them from where the procedure is put, a contract, which allows any.

/** A procedure that reads and changes nothing; it may always be retried. */
export function query<
  Output extends z.ZodType,
  Caller extends string,
  Input extends z.ZodType = z.ZodVoid,
  Errors extends ErrorDefinitions = Record<never, never>,
>(
  options: ProcedureOptions<Input, Output, Caller, Errors>,
): Procedure<'query', NoInfer<Input>, Output, Caller, NoInfer<Errors>> {
  return define('query', { ...options, idempotent: true });
}

/** A procedure that changes something; it is retried only if it is `idempotent` or never reached the server. */
export function mutation<
  Output extends z.ZodType,
  Caller extends string,
  Input extends z.ZodType = z.ZodVoid,
  Errors extends ErrorDefinitions = Record<never, never>,
>(
  options: MutationOptions<Input, Output, Caller, Errors>,
): Procedure<'mutation', NoInfer<Input>, Output, Caller, NoInfer<Errors>> {
  return define('mutation', options);
}

/** A procedure that answers with events until one side ends it; `output` is the schema of one event. */
export function subscription<
  Output extends z.ZodType,
  Caller extends string,
  Input extends z.ZodType = z.ZodVoid,
  Errors extends ErrorDefinitions = Record<never, never>,
>(
  options: Omit<ProcedureOptions<Input, Output, Caller, Errors>, 'timeoutMs'>,
): Procedure<'subscription', NoInfer<Input>, Output, Caller, NoInfer<Errors>> {
  return define('subscription', { ...options, idempotent: true });
}

function define<
  Kind extends ProcedureKind,
  Input extends z.ZodType,
  Output extends z.ZodType,
  Caller extends string,
  Errors extends ErrorDefinitions,
>(
  kind: Kind,
  options: MutationOptions<Input, Output, Caller, Errors>,
): Procedure<Kind, Input, Output, Caller, Errors> {
  return Object.freeze({
    kind,
    summary: options.summary,
    // The defaults of the two type parameters say the same as these values.
    input: options.input ?? (z.void() as z.ZodType as Input),
    output: options.output,
    access: options.access,
    idempotent: options.idempotent ?? false,
    timeoutMs: options.timeoutMs,
    errors: options.errors ?? ({} as Errors),
  });
}
