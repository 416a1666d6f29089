import { z } from 'zod';
import type { Access } from './access.ts';
import type { ErrorDefinitions } from './error.ts';

/** Read, change, or stream of events. */
export type ProcedureKind = 'query' | 'mutation' | 'subscription';

/** Order in which an overloaded server refuses calls: `sheddable` first, `critical` last. */
export type Priority = 'critical' | 'normal' | 'sheddable';

/** Most calls of one address in a period. */
export type RateLimit = Readonly<{
  calls: number;
  /** Period in milliseconds, a multiple of 1000. */
  perMs: number;
}>;

/**
 * One procedure of a contract, as data. The wire format is JSON, so schemas must not produce values that JSON cannot
 * represent.
 */
export interface Procedure<
  Kind extends ProcedureKind,
  Input extends z.ZodType,
  Output extends z.ZodType,
  Caller extends string,
  Errors extends ErrorDefinitions,
> {
  readonly kind: Kind;
  /** One line for the API page. */
  readonly summary: string;
  readonly input: Input;
  /** Schema of the answer, or of one event. */
  readonly output: Output;
  readonly access: Access<Caller>;
  /**
   * Whether the call may be repeated safely. `by-key`: its calls carry an idempotency key, and a repeated key gets
   * the first answer.
   */
  readonly idempotent: boolean | 'by-key';
  readonly priority: Priority;
  /** Whether a call that is slower than 99 % of the others gets a second attempt. */
  readonly hedge: boolean;
  /** Longest time for one attempt, in milliseconds; `undefined` for the default of client and server. */
  readonly timeoutMs: number | undefined;
  /** Limit per address for all callers, in addition to the limit for calls without credentials. */
  readonly rateLimit: RateLimit | undefined;
  readonly errors: Errors;
  /** Inputs as callers send them. */
  readonly examples?: readonly unknown[] | undefined;
  /** What a description has as schemas, where others check. @default `input` and `output` */
  readonly schemas?: Readonly<{ input: z.ZodType; output: z.ZodType }> | undefined;
}

/** Any procedure, for generic constraints. */
export type AnyProcedure = Procedure<ProcedureKind, z.ZodType, z.ZodType, string, ErrorDefinitions>;

interface ProcedureOptions<
  Input extends z.ZodType,
  Output extends z.ZodType,
  Caller extends string,
  Errors extends ErrorDefinitions,
> {
  /** One line for the API page. */
  summary: string;
  /** @default no input */
  input?: Input;
  output: Output;
  /** Access rule. */
  access: Access<Caller>;
  /** Longest time for one attempt, in milliseconds, on both sides. @default 5000, or the caller's REQUEST_TIMEOUT_MS */
  timeoutMs?: number;
  /** Order of refusal under overload. @default 'normal' */
  priority?: Priority;
  /** Limit per address for all callers: `{ calls: 30, perMs: 60_000 }`. @default none */
  rateLimit?: RateLimit;
  /** Typed errors. @default none */
  errors?: Errors;
  /** Inputs for the reference, the explorer and `/openapi.json`; the first one is shown first. @default none */
  examples?: readonly NoInfer<z.input<Input>>[];
}

interface HedgeOption {
  /**
   * Whether a client makes a second attempt if the first is slower than 99 % of the calls, and takes the faster
   * answer. At most 1 % of the calls are made twice. @default false
   */
  hedge?: boolean;
}

interface IdempotenceOption {
  /**
   * Whether a repeated call with the same input changes nothing more. `by-key`: each call carries an idempotency key,
   * and the handler must use `once`, so that a repeated key gets the first answer. @default false
   */
  idempotent?: boolean | 'by-key';
}

// NoInfer keeps an omitted `input` or `errors` at its default; otherwise TypeScript infers it from the contract that
// contains the procedure, which allows any.

/**
 * Defines a procedure that only reads; it may always be retried.
 *
 * @example
 * const get = query({
 *   summary: 'The price of an item',
 *   input: z.object({ id: z.string() }),
 *   output: z.object({ price: z.number() }),
 *   access: anyone,
 * });
 */
export function query<
  Output extends z.ZodType,
  Caller extends string,
  Input extends z.ZodType = z.ZodVoid,
  Errors extends ErrorDefinitions = Record<never, never>,
>(
  options: ProcedureOptions<Input, Output, Caller, Errors> & HedgeOption,
): Procedure<'query', NoInfer<Input>, Output, Caller, NoInfer<Errors>> {
  return define('query', { ...options, idempotent: true });
}

/**
 * Defines a procedure with effects; retried only if it is `idempotent` or was not executed.
 *
 * @example
 * const order = mutation({
 *   summary: 'Orders an item',
 *   input: z.object({ id: z.string() }),
 *   output: z.object({ orderId: z.string() }),
 *   access: user,
 *   idempotent: 'by-key',
 * });
 */
export function mutation<
  Output extends z.ZodType,
  Caller extends string,
  Input extends z.ZodType = z.ZodVoid,
  Errors extends ErrorDefinitions = Record<never, never>,
>(
  options: ProcedureOptions<Input, Output, Caller, Errors> & IdempotenceOption,
): Procedure<'mutation', NoInfer<Input>, Output, Caller, NoInfer<Errors>> {
  return define('mutation', options);
}

/**
 * Defines a stream of events that either side may end; `output` is the schema of one event.
 *
 * @example
 * const watch = subscription({ summary: 'Changes of prices', output: z.object({ price: z.number() }), access: anyone });
 */
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
  options: ProcedureOptions<Input, Output, Caller, Errors> & HedgeOption & IdempotenceOption,
): Procedure<Kind, Input, Output, Caller, Errors> {
  return Object.freeze({
    kind,
    summary: options.summary,
    // These values match the defaults of the type parameters.
    input: options.input ?? (z.void() as z.ZodType as Input),
    output: options.output,
    access: options.access,
    idempotent: options.idempotent ?? false,
    priority: options.priority ?? 'normal',
    hedge: options.hedge ?? false,
    timeoutMs: options.timeoutMs,
    rateLimit: options.rateLimit && Object.freeze({ ...options.rateLimit }),
    errors: options.errors ?? ({} as Errors),
    examples: options.examples,
  });
}
