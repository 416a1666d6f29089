import { z } from 'zod';
import type { Access } from './access.ts';
import type { ErrorDefinitions } from './error.ts';

/** What a procedure does: read, change, or send a stream of events. */
export type ProcedureKind = 'query' | 'mutation' | 'subscription';

/** What a server that has too much to do refuses first: `sheddable`, then `normal`, and `critical` last. */
export type Priority = 'critical' | 'normal' | 'sheddable';

/** How many calls one address may make within a time. */
export type RateLimit = Readonly<{
  calls: number;
  /** The time, in milliseconds: whole seconds. */
  perMs: number;
}>;

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
  /**
   * Whether making the call twice does no more than making it once, so that it may be retried: by its nature, or
   * because its calls carry an idempotency key and the server answers a repeated key with the first answer.
   */
  readonly idempotent: boolean | 'by-key';
  readonly priority: Priority;
  /** Whether a second attempt is made, elsewhere, when the first takes longer than 99 in 100 did. */
  readonly hedge: boolean;
  /** The longest that one attempt may take, in milliseconds, where 5 s (or what either side is configured to) is not right. */
  readonly timeoutMs: number | undefined;
  /** How many calls of it one address may make, whoever calls; beside what is set for all calls without credentials. */
  readonly rateLimit: RateLimit | undefined;
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
  /** When the server refuses it for want of capacity, compared with others. @default 'normal' */
  priority?: Priority;
  /** How many calls of it one address may make, whoever calls: `{ calls: 30, perMs: 60_000 }`. @default no limit of its own */
  rateLimit?: RateLimit;
  /** The typed errors it may answer with. @default none */
  errors?: Errors;
}

interface QueryOptions<
  Input extends z.ZodType,
  Output extends z.ZodType,
  Caller extends string,
  Errors extends ErrorDefinitions,
> extends ProcedureOptions<Input, Output, Caller, Errors> {
  /**
   * Whether a mesh client makes a second attempt when the first takes longer than 99 in 100 did, and takes the answer
   * that comes first; at most one call in a hundred is made twice. @default false
   */
  hedge?: boolean;
}

interface MutationOptions<
  Input extends z.ZodType,
  Output extends z.ZodType,
  Caller extends string,
  Errors extends ErrorDefinitions,
> extends ProcedureOptions<Input, Output, Caller, Errors> {
  /**
   * Whether a second call with the same input changes nothing more. `by-key`: each call carries an idempotency key, and
   * its handler must do its work through `once`, so that the same key is answered with the first answer. @default false
   */
  idempotent?: boolean | 'by-key';
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
  options: QueryOptions<Input, Output, Caller, Errors>,
): Procedure<'query', NoInfer<Input>, Output, Caller, NoInfer<Errors>> {
  return define('query', { ...options, idempotent: true });
}

/** A procedure that changes something; it is retried only if it is `idempotent`, or the server did nothing with it. */
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
  options: Omit<ProcedureOptions<Input, Output, Caller, Errors>, 'timeoutMs' | 'priority'>,
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
  options: QueryOptions<Input, Output, Caller, Errors> & MutationOptions<Input, Output, Caller, Errors>,
): Procedure<Kind, Input, Output, Caller, Errors> {
  return Object.freeze({
    kind,
    summary: options.summary,
    // The defaults of the two type parameters say the same as these values.
    input: options.input ?? (z.void() as z.ZodType as Input),
    output: options.output,
    access: options.access,
    idempotent: options.idempotent ?? false,
    priority: options.priority ?? 'normal',
    hedge: options.hedge ?? false,
    timeoutMs: options.timeoutMs,
    rateLimit: options.rateLimit && Object.freeze({ ...options.rateLimit }),
    errors: options.errors ?? ({} as Errors),
  });
}
