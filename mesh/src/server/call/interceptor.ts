import { AsyncLocalStorage } from 'node:async_hooks';
import type { AnyProcedure, ProcedureKind } from '../../contract/index.ts';
import type { Call } from './handler.ts';

/** A call as an interceptor gets it: authorised, its input parsed. */
export interface InterceptedCall extends Call<AnyProcedure> {
  /** Such as `pages.get`. */
  readonly path: string;
  readonly kind: ProcedureKind;
}

/**
 * Runs around the handler of each call. Its result is validated and answered like a handler's, and so is what it throws.
 *
 * @param next Runs the next interceptor, finally the handler, in the current async context. Resolves to the output of a
 * query or mutation, or to the events of a subscription.
 */
export type ServerInterceptor = (call: InterceptedCall, next: () => Promise<unknown>) => Promise<unknown>;

type Answer = (call: InterceptedCall) => unknown;

/** Wraps a handler in interceptors, the first one outermost. */
export function withInterceptors(interceptors: readonly ServerInterceptor[], handler: Answer): Answer {
  if (interceptors.length === 0) return handler;
  return interceptors.reduceRight<Answer>(
    (inner, interceptor) => (call) => interceptor(call, async () => inner(call)),
    (call) => {
      const output = handler(call);
      if (call.kind !== 'subscription') return output;
      return output instanceof Promise
        ? output.then(inThisContext)
        : inThisContext(output as AsyncIterable<unknown>);
    },
  );
}

/** Produces events in the current async context instead of the consumer's. */
function inThisContext(events: AsyncIterable<unknown>): AsyncIterable<unknown> {
  const run = AsyncLocalStorage.snapshot();
  return {
    [Symbol.asyncIterator]() {
      const iterator = run(() => events[Symbol.asyncIterator]());
      return {
        next: () => run(() => iterator.next()),
        return: async () => run(() => iterator.return?.()) ?? { done: true, value: undefined },
      };
    },
  };
}
