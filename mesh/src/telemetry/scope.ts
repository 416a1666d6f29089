import { AsyncLocalStorage } from 'node:async_hooks';
import type { TraceContext } from '../wire/index.ts';

/**
 * What a call carries on to the calls that its handler makes: set by the
 * server around each handler, read by the client for each call it sends.
 */
export type Scope = Readonly<{
  requestId: string;
  /** The access token of the user whom the call serves, for the calls that its handler makes for them. */
  userToken?: string | undefined;
  /** The span of this call, if it is part of a trace. */
  trace: TraceContext | undefined;
  /** When nobody waits any more, on the clock of `performance.now()`, in milliseconds. */
  deadline: number;
  /** Fires at the deadline, or when the caller goes away. */
  signal: AbortSignal;
}>;

const scopes = new AsyncLocalStorage<Scope>();

/** Runs a function, and all that it awaits, within a scope. */
export function runInScope<Result>(scope: Scope, run: () => Result): Result {
  return scopes.run(scope, run);
}

/** Runs a function outside of any call: for work that must outlive the call that began it. */
export function runOutsideScope<Result>(run: () => Result): Result {
  return scopes.exit(run);
}

/** The call that the running code belongs to, if it belongs to one. */
export function currentScope(): Scope | undefined {
  return scopes.getStore();
}
