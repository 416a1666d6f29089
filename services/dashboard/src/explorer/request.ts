import { randomUUID } from 'node:crypto';
import { formatTraceparent, startTrace } from '@arcadium/mesh/telemetry';
import { header } from '@arcadium/mesh/client';
import type { Found } from '../jobs/service-contracts.ts';

/** A call to make. */
export interface ExplorerRequest extends Found {
  /** JSON; empty for no input. */
  readonly input: string;
  /** The `authorization` header; undefined for anyone. */
  readonly authorization: string | undefined;
  readonly idempotencyKey?: string | undefined;
  /** Time that the service is told, in milliseconds. */
  readonly timeoutMs?: number;
}

/** The HTTP request of a call in tRPC's format, with an id and a trace, always sampled, to find it by. */
export function requestOf(request: ExplorerRequest) {
  const { url, procedure, input, authorization, idempotencyKey, timeoutMs } = request;
  const requestId = randomUUID();
  const trace = startTrace(true);
  const isMutation = procedure.kind === 'mutation';
  const target = new URL(`/trpc/${procedure.path}`, url);
  if (!isMutation && input !== '') target.searchParams.set('input', input);
  const headers = new Headers({
    [header.requestId]: requestId,
    [header.traceparent]: formatTraceparent(trace),
    ...(authorization !== undefined && { authorization }),
    ...(idempotencyKey !== undefined && { [header.idempotencyKey]: idempotencyKey }),
    ...(timeoutMs !== undefined && { [header.timeoutMs]: String(timeoutMs) }),
    ...(isMutation && { 'content-type': 'application/json' }),
    ...(procedure.kind === 'subscription' && { accept: 'text/event-stream' }),
  });
  const init: RequestInit = {
    method: isMutation ? 'POST' : 'GET',
    headers,
    // A token must not go to another address.
    redirect: 'error',
    ...(isMutation && input !== '' && { body: input }),
  };
  return { target, init, requestId, traceId: trace.traceId };
}
