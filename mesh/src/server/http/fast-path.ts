import { TRPCError } from '@trpc/server';
import type { Authenticate } from '../../identity/index.ts';
import type { Logger } from '../../telemetry/index.ts';
import { errorCodes, formatRetryAfter, header } from '../../wire/index.ts';
import type { CompiledProcedure } from '../call/procedure.ts';
import { toMeshError, type ClassifyError } from '../call/failure.ts';
import { logFailure } from '../call/failure-log.ts';
import { recognise, type InputSource } from './plain-call.ts';
import { lingerOn } from './request-body.ts';
import type { PeerOf } from '../call/peer.ts';
import type { Exchange } from './exchange.ts';
import { HttpCall } from './http-call.ts';
import { Cancellation } from '../call/deadline.ts';
import { errorShape } from '../call/error-shape.ts';

/** What calls need, whichever way they take. */
export interface FastPathOptions {
  /** Those that it may answer; what is not among them is left to tRPC's adapter. */
  procedures: readonly CompiledProcedure[];
  authenticate: Authenticate;
  peerOf: PeerOf;
  classify: ClassifyError | undefined;
  log: Logger;
}

/** Answers a request if it is a plain call; says whether it was. */
export type FastPath = (exchange: Exchange) => boolean;

/**
 * Makes the short way from HTTP to a procedure, for one query or mutation by
 * itself, which is nearly every request: what tRPC's adapter builds around it
 * (a Request, a Response, their streams and signals) costs several times what
 * the call does. What it answers is what the adapter would.
 */
export function createFastPath(options: FastPathOptions): FastPath {
  const procedures = new Map(
    options.procedures
      .filter(({ procedure }) => procedure.kind !== 'subscription')
      .map((compiled) => [compiled.path, compiled]),
  );
  return (exchange) => {
    const compiled = procedures.get(exchange.path);
    const source = compiled && recognise(exchange.request, compiled.procedure.kind, exchange.query);
    if (!source) return false;
    // A logger that throws leaves no answer: the caller must not wait for one, nor the process end.
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

  const call = new HttpCall(request, { requestId, signal: gone, source, authenticate, peerOf });
  let path: string | undefined = compiled.path;
  try {
    const data = await compiled.call(call);
    path = undefined;
    write(exchange, { status: 200, text: textOf(data) });
  } catch (thrown) {
    const failure = toMeshError(thrown, classify);
    logFailure(log, failure, { procedure: compiled.path, request_id: requestId });
    if (failure.code === 'PAYLOAD_TOO_LARGE') lingerOn(request);
    // What tRPC says of an error: the path until it has an answer to write.
    write(exchange, {
      status: errorCodes[failure.code].httpStatus,
      text: JSON.stringify({ error: errorShape(failure, { path, requestId }) }),
      retryAfterMs: failure.retryAfterMs,
    });
  }
}

/** @throws TRPCError UNSUPPORTED_MEDIA_TYPE, in tRPC's words, for what would come bit by bit; TypeError for what JSON has no word for. */
function textOf(data: unknown): string {
  if (isStreamed(data)) {
    throw new TRPCError({
      code: 'UNSUPPORTED_MEDIA_TYPE',
      message: 'Cannot use stream-like response in non-streaming request - use httpBatchStreamLink',
    });
  }
  return JSON.stringify({ result: { data } });
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
  // A flat list, written as it stands: with names set one by one before, Node would look each of them up again.
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
