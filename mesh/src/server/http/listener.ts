import type { IncomingMessage, RequestListener } from 'node:http';
import { nodeHTTPRequestHandler } from '@trpc/server/adapters/node-http';
import type { AnyTRPCRouter } from '@trpc/server';
import type { Readiness } from '../../health/index.ts';
import type { Authenticate } from '../../identity/index.ts';
import type { Logger } from '../../telemetry/index.ts';
import { errorCodes, header, maxMessageBytes, MeshError } from '../../wire/index.ts';
import type { AccessControl } from '../access/access-control.ts';
import type { CompiledProcedure } from '../call/compile.ts';
import { nameRequest, toMeshError, toTrpcError, type ClassifyError } from '../call/failure.ts';
import { logFailure } from '../call/failure-log.ts';
import { createFastPath, type Exchange } from './fast-path.ts';
import { errorAnswer, retryHeaders, writeAnswer, type JsonAnswer, type Route } from './answer.ts';
import { mustBeBounded, shortText } from './bounded-json.ts';
import { lingerOn, readBody, tooLargeError } from './request-body.ts';
import type { PeerOf } from '../call/peer.ts';
import { unknownPath } from '../call/unknown-name.ts';
import { readContext } from './request-context.ts';
import { requestIdOf } from './request-id.ts';

/** The most calls in one batch. */
const maxBatchSize = 20;

/** What every request goes through on its way to a procedure or a route. */
export interface ListenerOptions {
  /** Answers every call that is not plain. */
  router: AnyTRPCRouter;
  /** The procedures whose plain calls need no router. */
  procedures: readonly CompiledProcedure[];
  routes: Readonly<Record<string, Route>>;
  authenticate: Authenticate;
  /** Is told of credentials that are no good. */
  access: AccessControl;
  peerOf: PeerOf;
  classify: ClassifyError | undefined;
  readiness: Readiness;
  log: Logger;
}

const trpcPrefix = '/trpc/';

/**
 * Makes the one listener of a service's port: exact paths for the routes,
 * `/trpc/<procedure>` in tRPC's wire format, and JSON for whatever is neither.
 */
export function createListener(options: ListenerOptions): RequestListener {
  const fastPath = createFastPath(options);
  return (request, response) => {
    // Its connection has ended: a call would be done and not answered (RFC 9112 §9.6).
    if (!request.socket.writable) return;
    const requestId = requestIdOf(request);
    // An absolute-form target (RFC 9112 §3.2.2) is one of ours whatever its origin; tRPC is to see the path alone.
    request.url = withoutOrigin(request.url ?? '/');
    // A body of nothing is of no type (RFC 9110 §8.3); tRPC asks for one, and reads nothing as no input.
    if (request.method === 'POST' && isEmpty(request)) request.headers['content-type'] = 'application/json';
    const path = pathOf(request.url);
    const query = request.url.slice(path.length);
    const exchange = { request, response, requestId, path: path.slice(trpcPrefix.length), query };
    const isCall = path.startsWith(trpcPrefix);
    if (isCall && refusalOf(exchange, options.readiness) === undefined && fastPath(exchange)) return;
    response.setHeader(header.requestId, requestId);
    if (isCall) answerCall(exchange, options);
    else void answerRoute(exchange, options, path);
  };
}

/** Whether a request says that it has no body (RFC 9112 §6.3). */
function isEmpty({ headers }: IncomingMessage): boolean {
  const { 'transfer-encoding': encoding, 'content-length': length = '0' } = headers;
  return encoding === undefined && Number(length) === 0;
}

function withoutOrigin(target: string): string {
  return target.startsWith('/') ? target : target.replace(/^[a-z][a-z\d+.-]*:\/\/[^/?#]*/i, '');
}

/** The path as it was sent, without the query. */
function pathOf(target: string): string {
  const end = target.search(/[?#]/);
  return end === -1 ? target : target.slice(0, end);
}

/** tRPC tells these apart; it has no answer to any other, and for some of them (TRACE) it fails. */
const procedureMethods: ReadonlySet<string | undefined> = new Set(['GET', 'HEAD', 'POST']);

/** The last Host that was one: nearly every request names the same, and looking at it takes 2 µs. */
let lastHost: string | undefined;

/** Whether a URL can be made with it, as tRPC does, which fails on a user name (RFC 9112 §3.2: an invalid Host is a bad request). */
function isHost(host: string | undefined): boolean {
  if (host === lastHost || host === undefined) return true;
  if (host.includes('@') || !URL.canParse(`http://${host}`)) return false;
  lastHost = host;
  return true;
}

/** What no procedure is asked with; `undefined` if the request may go on. */
function refusalOf({ request, requestId }: Exchange, { stage }: Readiness): JsonAnswer | undefined {
  if (stage === 'starting')
    return errorAnswer(
      new MeshError('SERVICE_UNAVAILABLE', 'The service is starting', {
        retry: 'safe',
        retryAfterMs: 1000,
        notServing: true,
      }),
      requestId,
    );
  if (!procedureMethods.has(request.method))
    return errorAnswer(new MeshError('METHOD_NOT_SUPPORTED', 'A procedure answers GET and POST'), requestId, {
      allow: 'GET, HEAD, POST',
    });
  // No procedure takes a form, and to read one of many parts takes long.
  if (request.headers['content-type']?.trim().toLowerCase().startsWith('multipart/') === true)
    return errorAnswer(
      new MeshError('UNSUPPORTED_MEDIA_TYPE', 'A procedure takes JSON, not a form'),
      requestId,
    );
  if (!isHost(request.headers.host))
    return errorAnswer(new MeshError('BAD_REQUEST', 'The Host header holds no host'), requestId);
  return Number(request.headers['content-length'] ?? 0) > maxMessageBytes
    ? errorAnswer(tooLargeError(), requestId)
    : undefined;
}

/** What tRPC would refuse too (`maxBatchSize`), but without a word of how many calls it takes. */
function refusalOfBatch({ path, query, requestId }: Exchange): JsonAnswer | undefined {
  if (URL.parse(query, 'http://host')?.searchParams.get('batch') !== '1') return undefined;
  const calls = path.split(/,|%2c/i).length;
  if (calls <= maxBatchSize) return undefined;
  return errorAnswer(
    new MeshError(
      'BAD_REQUEST',
      `A batch holds at most ${maxBatchSize} calls and this one holds ${calls}: send several (httpBatchLink: maxItems: ${maxBatchSize})`,
    ),
    requestId,
  );
}

function answerCall(exchange: Exchange, options: ListenerOptions): void {
  const { request, response, requestId, path } = exchange;
  const { router, procedures, access, peerOf, classify, readiness, log } = options;
  const refusal = refusalOf(exchange, readiness) ?? refusalOfBatch(exchange);
  if (refusal) {
    writeAnswer(request, response, refusal);
    if (refusal.status === errorCodes.PAYLOAD_TOO_LARGE.httpStatus) lingerOn(request);
    return;
  }
  const body = isLongJson(request) ? readBody(request) : undefined;
  // It may end before anything asks for it.
  body?.catch(() => {});
  void nodeHTTPRequestHandler({
    router,
    req: request,
    res: response,
    path,
    // A refusal of the whole request would go out as text; a stream says itself what it is.
    responseMeta: ({ eagerGeneration, errors: [error] }) =>
      eagerGeneration
        ? {}
        : {
            headers: {
              'content-type': 'application/json',
              ...(error && retryHeaders(toMeshError(error, classify))),
            },
          },
    maxBodySize: maxMessageBytes,
    allowMethodOverride: true,
    createContext: async ({ info }) => {
      if (body) mustBeBoundedFirst(info.calls, body);
      try {
        // Those of an EventSource, which sets no headers; a token does not belong in a URL otherwise (RFC 6750 §2.3).
        const params = info.type === 'subscription' ? info.connectionParams : undefined;
        return await readContext(request, { requestId, calls: info.calls.length, params }, options);
      } catch (thrown) {
        // Of a batch the first: it is one request, and one pair of credentials.
        const asked = procedures.find((one) => info.calls.some((call) => call.path === one.path));
        access.refused(thrown, asked?.path ?? trpcPrefix, { requestId, peer: peerOf(request) });
        throw toTrpcError(thrown, classify);
      }
    },
    onError: ({ error, path: procedure }) => {
      nameRequest(error, requestId);
      const failure = toMeshError(error, classify);
      if (failure.code === 'PAYLOAD_TOO_LARGE') lingerOn(request);
      logFailure(log, failure, { procedure, request_id: requestId });
    },
  });
}

/** Whether its body is JSON that tRPC would parse however many parts it has. */
function isLongJson({ method, headers }: IncomingMessage): boolean {
  const { 'content-type': type = '', 'content-length': length = Infinity } = headers;
  return (
    method === 'POST' &&
    type.trim().toLowerCase().startsWith('application/json') &&
    Number(length) > shortText
  );
}

/** Has the text of a body looked through before tRPC parses it, which it does when it asks for an input. */
function mustBeBoundedFirst(calls: { getRawInput: () => Promise<unknown> }[], body: Promise<string>): void {
  for (const call of calls) {
    const { getRawInput } = call;
    call.getRawInput = async () => {
      try {
        mustBeBounded(await body);
      } catch (thrown) {
        // tRPC would count any other error as a fault of the service.
        throw toTrpcError(thrown);
      }
      return getRawInput();
    };
  }
}

async function answerRoute(
  { request, response, requestId }: Exchange,
  { routes, procedures, log }: ListenerOptions,
  path: string,
): Promise<void> {
  const route = Object.hasOwn(routes, path) ? routes[path] : undefined;
  try {
    if (!route) {
      writeAnswer(
        request,
        response,
        errorAnswer(
          unknownPath(
            path,
            Object.keys(routes),
            procedures.map((one) => one.path),
          ),
          requestId,
        ),
      );
    } else if (request.method !== 'GET' && request.method !== 'HEAD') {
      const answer = errorAnswer(
        new MeshError('METHOD_NOT_SUPPORTED', 'This path answers GET and HEAD'),
        requestId,
        {
          allow: 'GET, HEAD',
        },
      );
      writeAnswer(request, response, answer);
    } else {
      writeAnswer(request, response, await route(request));
    }
  } catch (thrown) {
    const failure =
      thrown instanceof MeshError
        ? thrown
        : new MeshError('INTERNAL_SERVER_ERROR', `${path} failed`, { cause: thrown });
    logFailure(log, failure, { path, request_id: requestId });
    if (!response.headersSent) writeAnswer(request, response, errorAnswer(failure, requestId));
  }
}
