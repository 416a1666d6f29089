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

export interface RouterOptions {
  classify?: ClassifyError | undefined;
  /** Fires when the service stops; its reason is the MeshError that subscribers get. @default never */
  closing?: AbortSignal;
}

/** Interval of pings in a server-sent event stream, in milliseconds. */
const ssePingMs = 5000;

const never = new AbortController().signal;

interface Request {
  ctx: { request: KnownCall; readInput: () => Promise<unknown> };
  signal: AbortSignal | undefined;
}

/**
 * Makes a tRPC router of a contract and its handlers, for tRPC's adapters and `createCaller`:
 * `createRouter(wikiContract, handlers, { log })`.
 *
 * @throws TypeError with the procedures that have no handler.
 *
 * @example
 * const shopRouter = createRouter(shopContract, handlers, { log });
 */
export function createRouter<From extends AnyContract>(
  from: From,
  handlers: Handlers<From>,
  { log, ...options }: RouterOptions & { log: Logger },
): RouterOf<From> {
  return buildRouter(compile<From>(from, handlers, { log }), options) as unknown as RouterOf<From>;
}

/** Makes the router of compiled procedures. */
export function buildRouter(
  procedures: readonly CompiledProcedure[],
  { classify, closing = never }: RouterOptions = {},
): AnyTRPCRouter {
  const paths = new Set(procedures.map(({ path }) => path));
  /** tRPC's NOT_FOUND does not suggest a procedure. */
  const failureOf = (error: TRPCError, path: string | undefined): MeshError =>
    error.code === 'NOT_FOUND' && path !== undefined && !paths.has(path)
      ? unknownProcedure(path, paths)
      : toMeshError(error, classify);
  const trpc = initTRPC.context<KnownCall>().create({
    // Errors must not contain stacks.
    isDev: false,
    errorFormatter: ({ error, shape, path, ctx }) =>
      errorShape(failureOf(error, path), {
        path,
        requestId: ctx?.requestId ?? requestNamed(error),
        number: shape.code,
      }),
    sse: {
      ping: { enabled: true, intervalMs: ssePingMs },
      // Two pings may be lost.
      client: { reconnectAfterInactivityMs: 3 * ssePingMs },
    },
  });

  // Without an input parser: the compiled procedure reads and validates the input.
  const builder = trpc.procedure.use(({ ctx, getRawInput, next }) =>
    next({ ctx: { request: ctx, readInput: getRawInput } }),
  );
  const unary =
    (compiled: CompiledProcedure) =>
    async ({ ctx: { request, readInput }, signal }: Request) => {
      // Without a connection, the calls of a batch share a turn by their context.
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
        // After its signal has fired, a handler may throw.
        if (!over.aborted) throw toTrpcError(thrown, classify);
      }
      // A retryable error, not an end: the client resumes with another replica or a new process.
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
