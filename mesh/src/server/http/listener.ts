import type { IncomingMessage, RequestListener } from 'node:http';
import type { Readiness } from '../../health/index.ts';
import { header, maxMessageBytes, MeshError, socketPath } from '../../wire/index.ts';
import { toMeshError, toTrpcError } from '../call/failure.ts';
import { logFailure } from '../call/failure-log.ts';
import { retryAfterMs } from '../call/refusal.ts';
import { unknownPath } from '../call/unknown-name.ts';
import type { WireFormat } from '../call/wire-format.ts';
import { answerByTrpc, refusalOfBatch, type AdapterOptions } from '../trpc/adapter.ts';
import { errorAnswer, writeAnswer, type Answer, type Exchange, type Route } from './answer.ts';
import { createFastPath, type FastPath } from './fast-path.ts';
import { lingerOn, tooLargeError } from './request-body.ts';
import { requestIdOf } from './request-headers.ts';

export interface ListenerOptions extends AdapterOptions {
  routes: Readonly<Record<string, Route>>;
  readiness: Readiness;
  /** Hash of the contract that the service was built with. */
  contractHash: () => string | undefined;
  /** Fires when calls are refused, because the server goes on without the service. @default never */
  closed?: AbortSignal | undefined;
}

const trpcPrefix = `${socketPath}/`;

/** Makes the request listener of a service: routes by exact path, and `/trpc/<procedure>` in tRPC's wire format. */
export function createListener(options: ListenerOptions): RequestListener {
  const fastPath = createFastPath(options);
  return (request, response) => {
    // The connection has ended, so the call could not be answered (RFC 9112 §9.6).
    if (!request.socket.writable) return;
    const requestId = requestIdOf(request);
    // Only for a client that asks, which it does once for a connection.
    const hash = request.headers[header.contract] === undefined ? undefined : options.contractHash();
    if (hash !== undefined) response.setHeader(header.contract, hash);
    // The origin of an absolute-form target (RFC 9112 §3.2.2) is ignored; tRPC expects a path.
    request.url = withoutOrigin(request.url ?? '/');
    // An empty body has no type (RFC 9110 §8.3), but tRPC needs one.
    if (request.method === 'POST' && isEmpty(request)) request.headers['content-type'] = 'application/json';
    const path = pathOf(request.url);
    const query = request.url.slice(path.length);
    const exchange = { request, response, requestId, path: path.slice(trpcPrefix.length), query };
    if (!path.startsWith(trpcPrefix)) {
      response.setHeader(header.requestId, requestId);
      return void answerRoute(exchange, options, path);
    }
    const { middleware } = options.routeOf(firstOf(exchange.path)).format ?? {};
    if (!middleware) return answerCall(exchange, fastPath, options);
    middleware(request, response, (thrown) => {
      if (thrown === undefined) answerCall(exchange, fastPath, options);
      else refuse(exchange, toMeshError(thrown, options.classify), options);
    });
  };
}

function answerCall(exchange: Exchange, fastPath: FastPath, options: ListenerOptions): void {
  const { response, requestId, path } = exchange;
  const route = options.routeOf(firstOf(path));
  const refusal = refusalOf(exchange, options, route.format);
  if (!refusal && fastPath(exchange)) return;
  response.setHeader(header.requestId, requestId);
  const tooMany = refusal ?? refusalOfBatch(exchange, route.format?.maxBatchSize);
  if (tooMany) refuse(exchange, tooMany, options);
  else answerByTrpc(exchange, route, options);
}

/** Answers a request for a procedure with an error, in the format that its client reads. */
function refuse(exchange: Exchange, failure: MeshError, options: ListenerOptions): void {
  const { request, response, requestId, path } = exchange;
  const { format } = options.routeOf(firstOf(path));
  const allow = failure.code === 'METHOD_NOT_SUPPORTED' ? { allow: 'GET, HEAD, POST' } : undefined;
  const answer = errorAnswer(failure, requestId, allow);
  if (!format) writeAnswer(request, response, answer);
  else {
    const { status, error } = format.fail({
      thrown: toTrpcError(failure),
      failure,
      path: undefined,
      kind: 'unknown',
    });
    writeAnswer(request, response, { ...answer, status, body: { error } });
  }
  if (failure.code === 'PAYLOAD_TOO_LARGE') lingerOn(request);
}

/** The path of the first call in a batch. */
function firstOf(path: string): string {
  const end = path.search(/,|%2c/i);
  return end === -1 ? path : path.slice(0, end);
}

/** Whether a request has no body (RFC 9112 §6.3). */
function isEmpty({ headers }: IncomingMessage): boolean {
  const { 'transfer-encoding': encoding, 'content-length': length = '0' } = headers;
  return encoding === undefined && Number(length) === 0;
}

function withoutOrigin(target: string): string {
  return target.startsWith('/') ? target : target.replace(/^[a-z][a-z\d+.-]*:\/\/[^/?#]*/i, '');
}

function pathOf(target: string): string {
  const end = target.search(/[?#]/);
  return end === -1 ? target : target.slice(0, end);
}

/** tRPC fails on other methods such as TRACE. */
const procedureMethods: ReadonlySet<string | undefined> = new Set(['GET', 'HEAD', 'POST']);

/** The last valid Host: most requests have the same, and a check takes 2 µs. */
let lastHost: string | undefined;

/** Whether tRPC can make a URL with it; it fails on a user name (RFC 9112 §3.2: an invalid Host is a bad request). */
function isHost(host: string | undefined): boolean {
  if (host === lastHost || host === undefined) return true;
  if (host.includes('@') || !URL.canParse(`http://${host}`)) return false;
  lastHost = host;
  return true;
}

/** The refusal of a request that no procedure accepts. */
function refusalOf(
  { request }: Exchange,
  { readiness: { stage }, closed, contractHash }: ListenerOptions,
  format: WireFormat | undefined,
): MeshError | undefined {
  if (stage === 'starting')
    return new MeshError('SERVICE_UNAVAILABLE', 'The service is starting', {
      retry: 'safe',
      retryAfterMs,
      notServing: true,
    });
  if (closed?.aborted)
    return new MeshError('SERVICE_UNAVAILABLE', 'The service has stopped', { retry: 'safe' });
  if (!procedureMethods.has(request.method))
    return new MeshError('METHOD_NOT_SUPPORTED', 'A procedure accepts GET and POST');
  // No procedure of a contract accepts a form, and tRPC is slow to read one with many parts.
  if (!format && request.headers['content-type']?.trim().toLowerCase().startsWith('multipart/') === true)
    return new MeshError('UNSUPPORTED_MEDIA_TYPE', 'A procedure accepts JSON, not a form');
  if (!isHost(request.headers.host))
    return new MeshError('BAD_REQUEST', 'The Host header is not a valid host');
  const unless = request.headers[header.contractUnless];
  if (typeof unless === 'string' && unless.split(',').includes(contractHash() ?? ''))
    return new MeshError('CONTRACT_MISMATCH', 'The call does not fit the contract of this process', {
      retry: 'safe',
    });
  const most = format?.maxBodySize ?? maxMessageBytes;
  return Number(request.headers['content-length'] ?? 0) > most ? tooLargeError('body', most) : undefined;
}

async function answerRoute(
  { request, response, requestId }: Exchange,
  options: ListenerOptions,
  path: string,
): Promise<void> {
  try {
    writeAnswer(request, response, await routeAnswer(request, options, { path, requestId }));
  } catch (thrown) {
    const failure =
      thrown instanceof MeshError
        ? thrown
        : new MeshError('INTERNAL_SERVER_ERROR', `${path} failed`, { cause: thrown });
    logFailure(options.log, failure, { path, request_id: requestId });
    if (!response.headersSent) writeAnswer(request, response, errorAnswer(failure, requestId));
  }
}

async function routeAnswer(
  request: IncomingMessage,
  { routes, procedures }: ListenerOptions,
  { path, requestId }: { path: string; requestId: string },
): Promise<Answer> {
  const route = routeOf(routes, path);
  if (route && request.method !== 'GET' && request.method !== 'HEAD') {
    const failure = new MeshError('METHOD_NOT_SUPPORTED', 'This path accepts GET and HEAD');
    return errorAnswer(failure, requestId, { allow: 'GET, HEAD' });
  }
  const answer = await route?.(request);
  if (answer) return answer;
  const known = Object.keys(routes).filter((one) => !one.endsWith('*'));
  const paths = procedures.map((one) => one.path);
  return errorAnswer(unknownPath(path, known, paths), requestId);
}

/** The route of an exact path, or else of the longest prefix. */
function routeOf(routes: ListenerOptions['routes'], path: string): Route | undefined {
  if (Object.hasOwn(routes, path) && !path.endsWith('*')) return routes[path];
  const [longest] = Object.keys(routes)
    .filter((one) => one.endsWith('*') && path.startsWith(one.slice(0, -1)))
    .toSorted((one, other) => other.length - one.length);
  return longest === undefined ? undefined : routes[longest];
}
