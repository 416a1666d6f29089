import { getTRPCErrorShape, TRPCError, type AnyTRPCRouter, type TRPCDefaultErrorShape } from '@trpc/server';
import { getHTTPStatusCode } from '@trpc/server/http';
import { TRPC_ERROR_CODES_BY_KEY } from '@trpc/server/rpc';
import { maxMessageBytes, MeshError } from '../../wire/index.ts';
import { errorShape } from '../call/error-shape.ts';
import { isTrpcError, toTrpcError } from '../call/failure.ts';
import type { CallOrigin } from '../call/origin.ts';
import type { RawCall } from '../call/raw-call.ts';
import type {
  ConnectMiddleware,
  Failed,
  ResponseMeta,
  RouterError,
  WireFormat,
} from '../call/wire-format.ts';

type Config = AnyTRPCRouter['_def']['_config'];

/** Most calls in one HTTP request of a stock client, whose links have no limit of their own. */
const maxBatchSize = 100;

/** Options that tRPC's adapters have as well. */
export interface Hooks {
  /** Called for each failed call, for example to report it. It must not throw. @default none */
  onError?: ((failed: RouterError) => void) | undefined;
  /**
   * Status and headers of an HTTP response, as in tRPC. Requests of such a router pass tRPC's own adapter, which takes
   * several times as long. @default none
   */
  responseMeta?: ResponseMeta | undefined;
  /** Runs before each HTTP request for a procedure, for example `cors()`. It may answer instead. @default none */
  middleware?: ConnectMiddleware | undefined;
  /** Most calls in one HTTP request. @default 100 */
  maxBatchSize?: number | undefined;
  /** Longest body of an HTTP request, in bytes. @default 2097152 */
  maxBodySize?: number | undefined;
}

/** The errors of inputs that could not be read. The procedure gets them if it asks for its input. */
export const unreadable = new WeakMap<RawCall, unknown>();

/** What a client gets if the router cannot format or encode its error. */
const fallback = {
  message: 'Internal server error',
  code: TRPC_ERROR_CODES_BY_KEY.INTERNAL_SERVER_ERROR,
  data: { code: 'INTERNAL_SERVER_ERROR', httpStatus: 500 },
};

/** Reads and writes with the transformer and the error formatter of a tRPC router. */
export class RouterFormat implements WireFormat {
  readonly maxBatchSize: number;
  readonly maxBodySize: number;
  readonly middleware: ConnectMiddleware | undefined;
  readonly responseMeta: WireFormat['responseMeta'];
  readonly onError: WireFormat['onError'];
  readonly #config: Config;

  constructor(router: AnyTRPCRouter, hooks: Hooks) {
    this.#config = withMeshData(router._def._config);
    this.maxBatchSize = hooks.maxBatchSize ?? maxBatchSize;
    this.maxBodySize = hooks.maxBodySize ?? maxMessageBytes;
    this.middleware = hooks.middleware;
    this.responseMeta = hooks.responseMeta;
    this.onError = hooks.onError;
  }

  decode(json: unknown): unknown {
    return this.#config.transformer.input.deserialize(json);
  }

  encode(data: unknown): unknown {
    return this.#config.transformer.output.serialize(data);
  }

  readInput(raw: RawCall): unknown {
    const onFailed = (thrown: unknown): undefined => {
      unreadable.set(raw, thrown);
      return undefined;
    };
    try {
      const read = raw.readInput();
      return read instanceof Promise ? read.catch(onFailed) : read;
    } catch (thrown) {
      return onFailed(thrown);
    }
  }

  fail({ thrown, failure, path, kind: type, raw }: Failed): { status: number; error: unknown } {
    const error = original(thrown) ?? toTrpcError(failure);
    const { context: ctx, request: req, input: read } = raw?.origin ?? ({} as Partial<CallOrigin>);
    // As tRPC: an output that cannot be written is an error of the request, which has no path.
    const input = path === undefined ? undefined : read;
    try {
      this.onError?.({ error, type, path, input, ctx, req });
      const shape = getTRPCErrorShape({
        config: this.#config,
        error,
        type,
        path,
        input,
        ctx,
      }) as TRPCDefaultErrorShape;
      return { status: getHTTPStatusCode([{ error: shape }], [error]), error: this.encode(shape) };
    } catch {
      return { status: 500, error: this.encode(fallback) };
    }
  }

  unknown(path: string, kind: string): TRPCError {
    return new TRPCError({ code: 'NOT_FOUND', message: `No "${kind}"-procedure on path "${path}"` });
  }
}

/** The error of tRPC that a procedure threw, unless it wraps one of the mesh, whose code counts. */
export function original(thrown: unknown): TRPCError | undefined {
  if (!isTrpcError(thrown)) return undefined;
  return thrown.code === 'INTERNAL_SERVER_ERROR' && thrown.cause instanceof MeshError ? undefined : thrown;
}

/** Adds to refusals of the mesh what its clients read: whether to retry, and when. The router's formatter gets it. */
export function withMeshData(config: Config, contextOf: (ctx: unknown) => unknown = (ctx) => ctx): Config {
  return {
    ...config,
    errorFormatter: ({ ctx, ...options }) => {
      const { error, shape } = options;
      const {
        code: _code,
        httpStatus: _status,
        path: _path,
        ...advice
      } = error.cause instanceof MeshError ? errorShape(error.cause).data : ({} as Record<string, never>);
      return config.errorFormatter({
        ...options,
        ctx: contextOf(ctx),
        shape: { ...shape, data: { ...shape.data, ...advice } },
      });
    },
  };
}
