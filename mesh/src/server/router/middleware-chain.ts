import { getTRPCErrorFromUnknown, initTRPC, TRPCError, type AnyTRPCProcedure } from '@trpc/server';
import { middlewareMarker } from '@trpc/server/unstable-core-do-not-import';

/** What tRPC's adapters pass to a procedure. */
export type Called = Parameters<AnyTRPCProcedure>[0];

/** What a middleware passes to those after it. */
interface Passed {
  readonly ctx?: object;
  readonly input?: unknown;
  readonly getRawInput?: Called['getRawInput'];
}

type Result = Readonly<{ marker: typeof middlewareMarker }> &
  Readonly<{ ok: true; data: unknown } | { ok: false; error: unknown }>;

/** tRPC makes one of all: parsers of input and output, middlewares, and at last the resolver. */
type Middleware = (
  options: Called & { meta: unknown; next: (passed?: Passed) => Promise<Result> },
) => Promise<Result>;

/** The parts of a procedure that its types do not have. */
interface Definition {
  readonly middlewares?: readonly Middleware[];
  readonly meta?: unknown;
}

const codeOf = Function.prototype.toString;

/** The code of a procedure that tRPC has made, which is the same for all. */
const tRPCsOwn = codeOf.call(
  initTRPC.create({ allowOutsideOfServer: true }).procedure.query(() => undefined),
);

/**
 * Returns a function that runs a procedure exactly as the procedure itself does. tRPC copies the options twice for
 * each middleware, with helpers for old runtimes, which takes 4 µs; here each gets a new object literal.
 *
 * A procedure that something else has wrapped or made, such as another build of tRPC, is returned as it is.
 */
export function chainOf(procedure: AnyTRPCProcedure): (called: Called) => Promise<unknown> {
  const { middlewares, meta } = procedure._def as Definition;
  if (!middlewares || codeOf.call(procedure) !== tRPCsOwn) return procedure;

  const runFrom = async (index: number, options: Called): Promise<Result> => {
    const { ctx, getRawInput, path, type, signal, batchIndex, input } = options;
    try {
      // A resolver that calls `next` gets an error, as from tRPC.
      const middleware = middlewares[index] as Middleware;
      return await middleware({
        ctx,
        getRawInput,
        path,
        type,
        signal,
        batchIndex,
        meta,
        input,
        next: (passed) =>
          runFrom(index + 1, {
            ctx: passed?.ctx ? { ...(ctx as object), ...passed.ctx } : ctx,
            getRawInput: passed?.getRawInput ?? getRawInput,
            path,
            type,
            signal,
            batchIndex,
            input: passed && 'input' in passed ? passed.input : input,
          }),
      });
    } catch (cause) {
      return { ok: false, error: getTRPCErrorFromUnknown(cause), marker: middlewareMarker };
    }
  };

  return async (called) => {
    const result: Result | undefined = await runFrom(0, called);
    if (!result) {
      const message = 'No result from middlewares - did you forget to `return next()`?';
      throw new TRPCError({ code: 'INTERNAL_SERVER_ERROR', message });
    }
    if (!result.ok) throw result.error;
    return result.data;
  };
}
