import type { IncomingMessage } from 'node:http';
import { nodeHTTPRequestHandler } from '@trpc/server/adapters/node-http';
import type { AnyTRPCRouter } from '@trpc/server';
import type { Authenticate } from '../../identity/index.ts';
import type { Logger } from '../../telemetry/index.ts';
import { maxMessageBytes, MeshError, socketPath } from '../../wire/index.ts';
import type { AccessControl } from '../access/access-control.ts';
import { nameRequest, toMeshError, toTrpcError, type ClassifyError } from '../call/failure.ts';
import { logFailure } from '../call/failure-log.ts';
import type { PeerOf } from '../call/peer.ts';
import type { CompiledProcedure } from '../call/procedure.ts';
import { errorAnswer, retryHeaders, type JsonAnswer } from '../http/answer.ts';
import { mustBeBounded, shortText } from '../http/bounded-json.ts';
import type { Exchange } from '../http/exchange.ts';
import { lingerOn, readBody } from '../http/request-body.ts';
import { readContext } from './request-context.ts';

/** The most calls in one batch. */
const maxBatchSize = 20;

/** What a call needs that tRPC's adapter answers. */
export interface AdapterOptions {
  router: AnyTRPCRouter;
  procedures: readonly CompiledProcedure[];
  authenticate: Authenticate;
  /** Is told of credentials that are no good. */
  access: AccessControl;
  peerOf: PeerOf;
  classify: ClassifyError | undefined;
  log: Logger;
}

/** What tRPC would refuse too (`maxBatchSize`), but without a word of how many calls it takes. */
export function refusalOfBatch({ path, query, requestId }: Exchange): JsonAnswer | undefined {
  if (URL.parse(query, 'http://host')?.searchParams.get('batch') !== '1') return undefined;
  const calls = path.split(/,|%2c/i).length;
  if (calls <= maxBatchSize) return undefined;
  return errorAnswer(
    new MeshError(
      'BAD_REQUEST',
      `A batch may hold at most ${maxBatchSize} calls, and this one holds ${calls}: send several (httpBatchLink: maxItems: ${maxBatchSize})`,
    ),
    requestId,
  );
}

/** Answers a call by tRPC's own adapter: a batch, a subscription, and whatever else is not plain. */
export function answerByTrpc(exchange: Exchange, options: AdapterOptions): void {
  const { request, response, requestId, path } = exchange;
  const { router, procedures, access, peerOf, classify, log } = options;
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
        access.refused(thrown, asked?.path ?? `${socketPath}/`, { requestId, peer: peerOf(request) });
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
