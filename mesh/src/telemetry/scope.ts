import { AsyncLocalStorage } from 'node:async_hooks';
import type { TraceContext } from '../wire/index.ts';
import type { Span } from './tracing.ts';

/**
 * The context that a call passes to the calls of its handler: set by the server
 * for each handler, read by the client for each call.
 */
export type Scope = Readonly<{
  requestId: string;
  /** Access token of the user the call is made for, for calls on their behalf. */
  userToken?: string | undefined;
  /** The trace that its calls continue, if it is part of one. */
  trace: TraceContext | undefined;
  /** The same span while it is recorded: the parent of database statements, and named in log lines. @default none */
  span?: Span | undefined;
  /** Deadline of the caller, by `performance.now()`, in milliseconds. */
  deadline: number;
  /** Fires at the deadline, or when the caller disconnects. */
  signal: AbortSignal;
}>;

/**
 * `run` runs a function, and all that it awaits, within a scope; `exit` without one, for work that outlives its call.
 *
 * @example
 * const later = scopes.exit(() => setInterval(() => log.debug({}, 'outside of the call'), 1000));
 */
export const scopes = new AsyncLocalStorage<Scope>();

/**
 * The scope of the current call; `undefined` outside of calls.
 *
 * @example
 * const requestId = currentScope()?.requestId;
 */
export function currentScope(): Scope | undefined {
  return scopes.getStore();
}
