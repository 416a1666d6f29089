import type { IncomingMessage, ServerResponse } from 'node:http';
import { nodeHTTPRequestHandler } from '@trpc/server/adapters/node-http';
import type { AnyTRPCRouter } from '@trpc/server';
import type { TRPCRequestInfo } from '@trpc/server/http';
import { userTokenOf, type Authenticate } from '../../identity/index.ts';
import type { Logger } from '../../telemetry/index.ts';
import { header, maxMessageBytes, MeshError, socketPath } from '../../wire/index.ts';
import type { AccessControl } from '../access/access-control.ts';
import { parseTimeout } from '../call/deadline.ts';
import { nameRequest, toMeshError, toTrpcError, type ClassifyError } from '../call/failure.ts';
import { logFailure } from '../call/failure-log.ts';
import { CallOrigin } from '../call/origin.ts';
import type { PeerOf } from '../call/peer.ts';
import type { CompiledProcedure } from '../call/procedure.ts';
import type { KnownCall } from '../call/raw-call.ts';
import type { WireFormat } from '../call/wire-format.ts';
import { retryHeaders, type Exchange } from '../http/answer.ts';
import { mustBeBounded, shortText } from '../http/bounded-json.ts';
import { credentialsIn } from '../http/connection-params.ts';
import { mustHaveFewParts } from '../http/form-parts.ts';
import { lingerOn, readBody } from '../http/request-body.ts';
import { credentialsOf, keyOf, textOf, traceOf } from '../http/request-headers.ts';

/** Most calls in a batch. */
const maxBatchSize = 20;

export interface AdapterOptions {
  /** The router that has a path, and its format. */
  routeOf: (path: string) => AdapterRoute;
  procedures: readonly CompiledProcedure[];
  authenticate: Authenticate;
  access: AccessControl;
  peerOf: PeerOf;
  classify: ClassifyError | undefined;
  log: Logger;
}

/** A router for tRPC's adapter. */
export interface AdapterRoute {
  readonly router: AnyTRPCRouter;
  /** @default that of contracts */
  readonly format?: WireFormat | undefined;
}

/** The refusal of a batch that is too long. tRPC's own does not say how many calls are allowed. */
export function refusalOfBatch({ path, query }: Exchange, most = maxBatchSize): MeshError | undefined {
  if (URL.parse(query, 'http://host')?.searchParams.get('batch') !== '1') return undefined;
  const calls = path.split(/,|%2c/i).length;
  if (calls <= most) return undefined;
  return new MeshError(
    'BAD_REQUEST',
    `A batch may hold at most ${most} calls, and this one holds ${calls}: send several (httpBatchLink: maxItems: ${most})`,
  );
}

/** Answers a request with tRPC's adapter: a batch, a subscription, or an unusual request. */
export function answerByTrpc(
  exchange: Exchange,
  { router, format }: AdapterRoute,
  options: AdapterOptions,
): void {
  const { request, response, requestId, path } = exchange;
  const { procedures, access, peerOf, classify, log } = options;
  const checked = checkOf(request, format);
  // It may reject before it is awaited.
  checked?.catch(() => {});
  void nodeHTTPRequestHandler({
    router,
    req: request,
    res: response,
    path,
    // Without this, a refusal of the whole request has type text. A stream sets its own type.
    responseMeta: (about) => {
      const { eagerGeneration, errors } = about;
      const [error] = errors;
      for (const [name, value] of Object.entries(error ? retryHeaders(toMeshError(error, classify)) : {}))
        if (!eagerGeneration) response.setHeader(name, value);
      if (format) return format.responseMeta?.({ ...about, ctx: contextIn(about.ctx) }) ?? {};
      return eagerGeneration ? {} : { headers: { 'content-type': 'application/json' } };
    },
    maxBodySize: format?.maxBodySize ?? maxMessageBytes,
    allowMethodOverride: true,
    createContext: async ({ info }) => {
      if (checked) mustBeCheckedFirst(info.calls, checked);
      try {
        // Only for an EventSource, which cannot set headers: a token does not belong in a URL (RFC 6750 §2.3).
        const params = info.type === 'subscription' ? info.connectionParams : undefined;
        return await readContext(
          request,
          { requestId, calls: info.calls.length, params, response, info },
          options,
        );
      } catch (thrown) {
        // Reported once for a batch: it has one set of credentials.
        const asked = procedures.find((one) => info.calls.some((call) => call.path === one.path));
        access.refused(thrown, asked?.path ?? `${socketPath}/`, { requestId, peer: peerOf(request) });
        throw toTrpcError(thrown, classify);
      }
    },
    onError: ({ error, path: procedure, type, input, ctx, req }) => {
      format?.onError?.({ error, path: procedure, type, input, ctx: contextIn(ctx), req });
      nameRequest(error, requestId);
      const failure = toMeshError(error, classify);
      if (failure.code === 'PAYLOAD_TOO_LARGE') lingerOn(request);
      logFailure(log, failure, { procedure, request_id: requestId });
    },
  });
}

/** The context of a router, of the request that is the adapter's context. */
function contextIn(ctx: unknown): unknown {
  return (ctx as KnownCall | undefined)?.origin?.context;
}

interface Arrived {
  readonly requestId: string;
  /** Number of calls in the request. */
  readonly calls: number;
  /** The `connectionParams` of its URL, if it may have credentials there. */
  readonly params: unknown;
  readonly response: ServerResponse;
  readonly info: TRPCRequestInfo;
}

/**
 * Reads the context of a request. Credentials in headers take precedence over those in the URL.
 *
 * @throws MeshError UNAUTHORIZED for invalid credentials, not for missing ones.
 * @throws MeshError BAD_REQUEST as `credentialsIn`.
 */
async function readContext(
  request: IncomingMessage,
  { requestId, calls, params, response, info }: Arrived,
  { authenticate, peerOf }: { authenticate: Authenticate; peerOf: PeerOf },
): Promise<KnownCall> {
  const inHeaders = credentialsOf(request);
  const showsNone = inHeaders.authorization === undefined && inHeaders.userToken === undefined;
  const credentials = showsNone
    ? { ...credentialsIn(params), certificate: inHeaders.certificate }
    : inHeaders;
  return {
    caller: await authenticate(credentials),
    userToken: userTokenOf(credentials),
    requestId,
    origin: new CallOrigin({
      request,
      response,
      info,
      connectionParams: info.connectionParams as Record<string, string> | null,
    }),
    trace: traceOf(request),
    timeoutMs: parseTimeout(textOf(request, header.timeoutMs)),
    idempotencyKey: keyOf(request, calls),
    peer: peerOf(request),
    connection: request.socket,
    header: (name) => textOf(request, name),
  };
}

/** Whether a body is long JSON, which tRPC would parse without a check. */
function isLongJson({ method, headers }: IncomingMessage): boolean {
  const { 'content-type': type = '', 'content-length': length = Infinity } = headers;
  return (
    method === 'POST' &&
    type.trim().toLowerCase().startsWith('application/json') &&
    Number(length) > shortText
  );
}

/** The check of a body that takes long to parse, once it has arrived. */
function checkOf(request: IncomingMessage, format: WireFormat | undefined): Promise<void> | undefined {
  if (isLongJson(request)) return readBody(request, format?.maxBodySize).then((text) => mustBeBounded(text));
  const { 'content-type': type = '' } = request.headers;
  return type.trim().toLowerCase().startsWith('multipart/') ? mustHaveFewParts(request) : undefined;
}

/** Checks a body before tRPC parses it, which it does to read an input. */
function mustBeCheckedFirst(calls: { getRawInput: () => Promise<unknown> }[], checked: Promise<void>): void {
  for (const call of calls) {
    const { getRawInput } = call;
    call.getRawInput = async () => {
      try {
        await checked;
      } catch (thrown) {
        // tRPC would report any other error as a fault of the service.
        throw toTrpcError(thrown);
      }
      return getRawInput();
    };
  }
}
