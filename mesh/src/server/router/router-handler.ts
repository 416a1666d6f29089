import { TRPCError, type AnyTRPCProcedure } from '@trpc/server';
import { isObservable, observableToAsyncIterable } from '@trpc/server/observable';
import type { Binding } from '../call/binding.ts';
import type { BoundCall } from '../call/bound-call.ts';
import { chainOf } from './middleware-chain.ts';
import { contextOf, type CreateRouterContext } from './router-context.ts';
import { unreadable } from './router-format.ts';

/** Makes the handler that runs a tRPC procedure: its context, its middlewares, its parsers, and its resolver. */
export function handlerOf(
  procedure: AnyTRPCProcedure,
  createContext: CreateRouterContext<unknown> | undefined,
): Binding['handler'] {
  const { type } = procedure._def;
  const chain = chainOf(procedure);
  const run = async (call: BoundCall): Promise<unknown> => {
    const { raw, path, input } = call;
    const signal = signalOf(call);
    const getRawInput = async (): Promise<unknown> => {
      if (unreadable.has(raw)) throw unreadable.get(raw);
      if (raw.origin) raw.origin.input = input;
      return input;
    };
    const ctx = createContext
      ? await contextOf(call, createContext, { procedure, signal, getRawInput })
      : undefined;
    const output = await chain({ ctx, getRawInput, path, type, signal, batchIndex: raw.batchIndex ?? 0 });
    return type === 'subscription' ? eventsOf(output, path, signal) : output;
  };
  return (call) => run(call as BoundCall);
}

/** A stream that a query returns outlives its call: it ends when the caller goes away. */
function signalOf({ raw, signal, kind }: BoundCall): AbortSignal {
  const gone: unknown = raw.signal;
  return kind !== 'subscription' && gone instanceof AbortSignal ? AbortSignal.any([signal, gone]) : signal;
}

function eventsOf(output: unknown, path: string, signal: AbortSignal): AsyncIterable<unknown> {
  if (isObservable(output)) return observableToAsyncIterable(output, signal);
  if (typeof output === 'object' && output !== null && Symbol.asyncIterator in output)
    return output as AsyncIterable<unknown>;
  throw new TRPCError({
    code: 'INTERNAL_SERVER_ERROR',
    message: `Subscription ${path} did not return an observable or a AsyncGenerator`,
  });
}
