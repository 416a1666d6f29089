import type { ServerResponse } from 'node:http';
import { TRPCError } from '@trpc/server';
import type { Authenticate } from '../../identity/index.ts';
import type { Logger } from '../../telemetry/index.ts';
import { errorCodes, formatRetryAfter, header } from '../../wire/index.ts';
import type { CompiledProcedure } from '../call/procedure.ts';
import { toMeshError, type ClassifyError } from '../call/failure.ts';
import { logFailure } from '../call/failure-log.ts';
import type { WireFormat } from '../call/wire-format.ts';
import { recognise, type InputSource } from './plain-call.ts';
import { lingerOn } from './request-body.ts';
import type { PeerOf } from '../call/peer.ts';
import type { Exchange } from './answer.ts';
import { HttpCall } from './http-call.ts';
import { Cancellation } from '../call/deadline.ts';
import { errorShape } from '../call/error-shape.ts';

export interface FastPathOptions {
  procedures: readonly CompiledProcedure[];
  authenticate: Authenticate;
  peerOf: PeerOf;
  classify: ClassifyError | undefined;
  log: Logger;
}

/** Answers a request if it is a plain call. @returns Whether it is. */
export type FastPath = (exchange: Exchange) => boolean;

/**
 * Makes the fast path from HTTP to a procedure, for a single query or mutation. Its answers are those of tRPC's adapter,
 * without the adapter's Request, Response, streams and signals, which cost several times as much as the call.
 */
export function createFastPath(options: FastPathOptions): FastPath {
  const procedures = new Map(
    options.procedures
      .filter(({ procedure, format }) => procedure.kind !== 'subscription' && !format?.responseMeta)
      .map((compiled) => [compiled.path, compiled]),
  );
  return (exchange) => {
    const compiled = procedures.get(exchange.path);
    const source = compiled && recognise(exchange.request, compiled.procedure.kind, exchange.query);
    if (!source) return false;
    // If the logger throws, there is no answer.
    answer(exchange, compiled, source, options).catch(() => exchange.response.destroy());
    return true;
  };
}

async function answer(
  exchange: Exchange,
  compiled: CompiledProcedure,
  source: InputSource,
  { authenticate, peerOf, classify, log }: FastPathOptions,
): Promise<void> {
  const { request, response, requestId } = exchange;
  const gone = new Cancellation();
  const onGone = (): void => {
    if (!response.writableEnded) gone.cancel();
  };
  response.on('close', onGone);

  const { format } = compiled;
  const call = new HttpCall(request, {
    requestId,
    signal: gone,
    source,
    authenticate,
    peerOf,
    response,
    format,
  });
  let path: string | undefined = compiled.path;
  try {
    const data = await compiled.call(call);
    path = undefined;
    write(exchange, { status: statusOf(response, format, 200), text: textOf(data, format) });
  } catch (thrown) {
    const failure = toMeshError(thrown, classify);
    logFailure(log, failure, { procedure: compiled.path, request_id: requestId });
    if (failure.code === 'PAYLOAD_TOO_LARGE') lingerOn(request);
    // As tRPC: an error has the path until there is a result.
    const { status, error } = format
      ? format.fail({ thrown, failure, path, kind: compiled.procedure.kind, raw: call })
      : { status: errorCodes[failure.code].httpStatus, error: errorShape(failure, { path, requestId }) };
    write(exchange, {
      status: statusOf(response, format, status),
      text: JSON.stringify({ error }),
      retryAfterMs: failure.retryAfterMs,
    });
  }
}

/** @throws TRPCError UNSUPPORTED_MEDIA_TYPE for a stream, as tRPC does; TypeError for a value that JSON cannot represent. */
function textOf(data: unknown, format: WireFormat | undefined): string {
  if (isStreamed(data)) {
    throw new TRPCError({
      code: 'UNSUPPORTED_MEDIA_TYPE',
      message: 'Cannot use stream-like response in non-streaming request - use httpBatchStreamLink',
    });
  }
  return JSON.stringify({ result: { data: format ? format.encode(data) : data } });
}

/** As tRPC's adapter: a status that the context of a router has set is kept. */
function statusOf({ statusCode }: ServerResponse, format: WireFormat | undefined, status: number): number {
  return format && statusCode !== 200 ? statusCode : status;
}

function isStreamed(data: unknown): boolean {
  if (typeof data !== 'object' || data === null || Array.isArray(data)) return false;
  return Symbol.asyncIterator in data || Object.values(data).some(comesLater);
}

function comesLater(value: unknown): boolean {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  if (Symbol.asyncIterator in value) return true;
  return 'then' in value && typeof value.then === 'function' && 'catch' in value;
}

function write(
  { response, requestId }: Exchange,
  { status, text, retryAfterMs }: { status: number; text: string; retryAfterMs?: number | undefined },
): void {
  if (response.destroyed) return;
  // A flat list: Node writes it without looking up each name.
  const headers = [
    'content-type',
    'application/json',
    'content-length',
    String(Buffer.byteLength(text)),
    'vary',
    'trpc-accept, accept',
    header.requestId,
    requestId,
  ];
  if (retryAfterMs !== undefined) headers.push(header.retryAfter, formatRetryAfter(retryAfterMs));
  response.writeHead(status, headers);
  response.end(text);
}
