import { isTrackedEnvelope, TRPCError } from '@trpc/server';
import { isObservable } from '@trpc/server/observable';
import type { MeshError } from '../../wire/index.ts';
import { toTrpcError } from '../call/failure.ts';
import type { WireFormat } from '../call/wire-format.ts';
import type { SocketMessage } from './message.ts';

/** The error of a router for a call that has not reached it. */
export function unknownOf(
  format: WireFormat,
  failure: MeshError,
  { path = '', kind }: { path?: string | undefined; kind: string },
): TRPCError {
  return failure.code === 'NOT_FOUND' ? format.unknown(path, kind) : toTrpcError(failure);
}

/** One event, as tRPC's adapter sends it. */
export function resultOf(event: unknown, format: WireFormat | undefined): unknown {
  const [id, data] = isTrackedEnvelope(event) ? event : [undefined, event];
  const sent = id === undefined ? data : { id, data };
  return { type: 'data', id, data: format ? format.encode(sent) : sent };
}

/** @throws TRPCError UNSUPPORTED_MEDIA_TYPE for a stream, as tRPC's adapter. */
export function mustBeWhole(data: unknown, { method }: SocketMessage): unknown {
  if (isObservable(data) || (typeof data === 'object' && data !== null && Symbol.asyncIterator in data))
    throw new TRPCError({
      code: 'UNSUPPORTED_MEDIA_TYPE',
      message: `Cannot return an async iterable or observable from a ${method} procedure with WebSockets`,
    });
  return data;
}
