import type { AnyTRPCProcedure, AnyTRPCRouter, TRPCError } from '@trpc/server';
import { toTrpcError } from '../call/failure.ts';
import type { CompiledProcedure } from '../call/procedure.ts';
import { rawCallOf, type KnownCall } from '../call/raw-call.ts';
import type { RouterOptions } from '../trpc/router.ts';
import { original, withMeshData } from './router-format.ts';

type Called = Parameters<AnyTRPCProcedure>[0];

/**
 * A copy of a router for tRPC's adapter, whose procedures take the mesh's road. Its context is the authenticated request;
 * error formatters get that of the router itself.
 */
export function adapterRouter(
  router: AnyTRPCRouter,
  compiled: readonly CompiledProcedure[],
  { classify, closing = new AbortController().signal }: RouterOptions,
): AnyTRPCRouter {
  const originals = router._def.procedures as Record<string, AnyTRPCProcedure>;
  const failed = (thrown: unknown): TRPCError => original(thrown) ?? toTrpcError(thrown, classify);

  const unary =
    (one: CompiledProcedure) =>
    async (called: Called): Promise<unknown> => {
      try {
        return await one.call(rawOf(called, called.signal));
      } catch (thrown) {
        throw failed(thrown);
      }
    };
  const stream =
    (one: CompiledProcedure) =>
    async (called: Called): Promise<AsyncIterable<unknown>> => {
      const over = AbortSignal.any(called.signal ? [called.signal, closing] : [closing]);
      try {
        return eventsOf(await one.subscribe(rawOf(called, over)), over);
      } catch (thrown) {
        throw failed(thrown);
      }
    };
  async function* eventsOf(events: AsyncGenerator, over: AbortSignal): AsyncGenerator {
    try {
      yield* events;
    } catch (thrown) {
      // After its signal has fired, a procedure may throw.
      if (!over.aborted) throw failed(thrown);
    }
    // A retryable error, not an end: the client resumes with another replica or a new process.
    if (closing.aborted) throw toTrpcError(closing.reason, classify);
  }

  // Without a prototype: tRPC looks a path up in it.
  const procedures: Record<string, unknown> = Object.create(null);
  for (const one of compiled) {
    const call = one.procedure.kind === 'subscription' ? stream(one) : unary(one);
    const { _def, meta } = originals[one.path] as AnyTRPCProcedure;
    procedures[one.path] = Object.assign(call, { _def, meta, procedure: true });
  }
  const _config = withMeshData(router._def._config, (ctx) => (ctx as KnownCall | undefined)?.origin?.context);
  return { ...router, _def: { ...router._def, _config, procedures, lazy: {} } } as AnyTRPCRouter;
}

function rawOf({ ctx, getRawInput, batchIndex }: Called, signal: AbortSignal | undefined) {
  const request = ctx as KnownCall;
  // Without a connection, the calls of a batch share a turn by their context.
  const known = { ...request, batchIndex, connection: request.connection ?? request };
  return rawCallOf<AbortSignal>(known, { readInput: getRawInput, signal });
}
