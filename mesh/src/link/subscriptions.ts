import type { OperationLink } from '@trpc/client';
import type { AnyTRPCRouter, TRPCCombinedDataTransformer } from '@trpc/server';
import { observable } from '@trpc/server/observable';
import { subscriptionLinks, unfitEndpoints, type Connection } from '../client/core.ts';
import { toCallersError } from './answer.ts';
import { readContext } from './context.ts';
import { headersFor } from './headers.ts';
import type { PlainOptions } from './options.ts';

/** Opens subscriptions as Server-Sent Events, which reconnect. */
export function subscriptionLink(
  connection: Connection,
  { headers, pathSeparator }: PlainOptions,
  transformer: TRPCCombinedDataTransformer,
): OperationLink<AnyTRPCRouter> {
  const links = subscriptionLinks(connection, {
    endpoint: (op) => connection.endpoints.anyUrl(unfitEndpoints(connection, op)),
    transformer,
    pathSeparator,
    headers: (op) => headersFor(op, headers, readContext(op.context).headers),
  });
  const [reconnecting, events] = [links[0]({}), links[1]({})];
  return ({ op, next }) =>
    observable((observer) => {
      try {
        readContext(op.context);
      } catch (error) {
        observer.error(toCallersError(error, undefined));
        return undefined;
      }
      const signals = [connection.closed, ...(op.signal ? [op.signal] : [])];
      const own = { ...op, signal: AbortSignal.any(signals) };
      return reconnecting({ op: own, next: (changed) => events({ op: changed, next }) }).subscribe(observer);
    });
}
