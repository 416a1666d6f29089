import { AsyncLocalStorage } from 'node:async_hooks';
import type { AnyProcedure, ProcedureKind } from '../../contract/index.ts';
import type { Call } from './handler.ts';

/** A call as an interceptor sees it: let in, its input parsed. */
export interface InterceptedCall extends Call<AnyProcedure> {
  /** The procedure, as `pages.get`. */
  readonly path: string;
  readonly kind: ProcedureKind;
}

/**
 * Runs around the handler of each call. What it returns is answered, and checked against the contract; what it throws is
 * answered as what a handler throws.
 *
 * @param next Runs the next interceptor, and at last the handler, in the async context of its caller. Of a query or a
 * mutation it resolves to the output, of a subscription to the events.
 */
export type ServerInterceptor = (call: InterceptedCall, next: () => Promise<unknown>) => Promise<unknown>;

/** What answers a call. */
type Answer = (call: InterceptedCall) => unknown;

/** A handler with interceptors around it, the first one outermost; the handler itself where there are none. */
export function withInterceptors(interceptors: readonly ServerInterceptor[], handler: Answer): Answer {
  if (interceptors.length === 0) return handler;
  return interceptors.reduceRight<Answer>(
    (inner, interceptor) => (call) => interceptor(call, async () => inner(call)),
    (call) => {
      const output = handler(call);
      return call.kind === 'subscription' ? inThisContext(output as AsyncIterable<unknown>) : output;
    },
  );
}

/** Events that are made in the async context of this moment, whoever asks for them. */
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
