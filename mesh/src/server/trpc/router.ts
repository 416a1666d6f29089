import { initTRPC, type AnyTRPCRouter, type TRPCError, type TRPCRouterRecord } from '@trpc/server';
import type { AnyContract, RouterOf } from '../../contract/index.ts';
import type { Logger } from '../../telemetry/index.ts';
import type { MeshError } from '../../wire/index.ts';
import { compile } from '../call/compile.ts';
import type { Handlers } from '../call/handler.ts';
import { requestNamed, toMeshError, toTrpcError, type ClassifyError } from '../call/failure.ts';
import type { CompiledProcedure } from '../call/procedure.ts';
import { rawCallOf, type KnownCall } from '../call/raw-call.ts';
import { errorShape } from '../call/error-shape.ts';
import { unknownProcedure } from '../call/unknown-name.ts';

/** What a router needs beside its procedures. */
export interface RouterOptions {
  classify?: ClassifyError | undefined;
  /** Fires, with the MeshError that subscribers get, when the service stops. @default never */
  closing?: AbortSignal;
}

/** How often a stream of events shows a sign of life, in milliseconds. */
const ssePingMs = 5000;

/** A client that has had none for so long connects anew, in milliseconds: two may be late or lost. */
const sseSilenceMs = 3 * ssePingMs;

const never = new AbortController().signal;

/** What tRPC hands to a procedure: what its request brings, and how the input is read. */
interface Request {
  ctx: { request: KnownCall; readInput: () => Promise<unknown> };
  signal: AbortSignal | undefined;
}

/**
 * Makes the real tRPC router of a contract and its handlers, for stock
 * adapters and `createCaller`: `createRouter(wikiContract, handlers, { log })`.
 *
 * @throws TypeError naming the procedures that have no handler.
 */
export function createRouter<From extends AnyContract>(
  from: From,
  handlers: Handlers<From>,
  { log, ...options }: RouterOptions & { log: Logger },
): RouterOf<From> {
  return buildRouter(compile<From>(from, handlers, { log }), options) as unknown as RouterOf<From>;
}

/** The same from procedures already compiled: the router does nothing but call them. */
export function buildRouter(
  procedures: readonly CompiledProcedure[],
  { classify, closing = never }: RouterOptions = {},
): AnyTRPCRouter {
  const paths = new Set(procedures.map(({ path }) => path));
  /** tRPC's own says that it has found none, and no more. */
  const failureOf = (error: TRPCError, path: string | undefined): MeshError =>
    error.code === 'NOT_FOUND' && path !== undefined && !paths.has(path)
      ? unknownProcedure(path, paths)
      : toMeshError(error, classify);
  const trpc = initTRPC.context<KnownCall>().create({
    // The formatter decides what is said of an error; nothing of a stack may go out beside it.
    isDev: false,
    errorFormatter: ({ error, shape, path, ctx }) =>
      errorShape(failureOf(error, path), {
        path,
        requestId: ctx?.requestId ?? requestNamed(error),
        number: shape.code,
      }),
    sse: {
      ping: { enabled: true, intervalMs: ssePingMs },
      client: { reconnectAfterInactivityMs: sseSilenceMs },
    },
  });

  // No parser of tRPC's: the compiled procedure reads and checks the input, when it is its turn.
  const builder = trpc.procedure.use(({ ctx, getRawInput, next }) =>
    next({ ctx: { request: ctx, readInput: getRawInput } }),
  );
  const unary =
    (compiled: CompiledProcedure) =>
    async ({ ctx: { request, readInput }, signal }: Request) => {
      // The calls of a batch share their context, where they came over no connection.
      const known = { ...request, connection: request.connection ?? request };
      try {
        return await compiled.call(rawCallOf(known, { readInput, signal }));
      } catch (thrown) {
        throw toTrpcError(thrown, classify);
      }
    };
  const stream = (compiled: CompiledProcedure) =>
    async function* ({ ctx: { request, readInput }, signal }: Request) {
      const over = AbortSignal.any(signal ? [signal, closing] : [closing]);
      try {
        yield* await compiled.subscribe(rawCallOf(request, { readInput, signal: over }));
      } catch (thrown) {
        // What a handler throws because its signal fired is how it ends, not a fault.
        if (!over.aborted) throw toTrpcError(thrown, classify);
      }
      // An error that may be retried, not an end: the client comes back, to another replica or a new process.
      if (closing.aborted) throw toTrpcError(closing.reason, classify);
    };

  const record: TRPCRouterRecord = {};
  for (const compiled of procedures) {
    const { kind } = compiled.procedure;
    const built =
      kind === 'query'
        ? builder.query(unary(compiled))
        : kind === 'mutation'
          ? builder.mutation(unary(compiled))
          : builder.subscription(stream(compiled));
    insert(record, compiled.path.split('.'), built);
  }
  return trpc.router(record);
}

function insert(
  record: TRPCRouterRecord,
  [head = '', ...rest]: string[],
  built: TRPCRouterRecord[string],
): void {
  if (rest.length === 0) {
    record[head] = built;
    return;
  }
  const group = (record[head] ??= {}) as TRPCRouterRecord;
  insert(group, rest, built);
}
