import { httpSubscriptionLink, TRPCUntypedClient } from '@trpc/client';
import type { AnyTRPCRouter } from '@trpc/server';
import { EventSource } from 'eventsource';
import { header } from '../wire/index.ts';
import type { Connection } from './connection.ts';
import { headersOf } from './outgoing.ts';

/**
 * Makes the tRPC client that a mesh client opens its subscriptions with:
 * Server-Sent Events, which reconnect by themselves and ask for what they
 * missed by the id of the last event. Headers are made anew for each
 * connection.
 */
export function createSubscriptionClient(connection: Connection): TRPCUntypedClient<AnyTRPCRouter> {
  return new TRPCUntypedClient<AnyTRPCRouter>({
    links: [
      httpSubscriptionLink({
        url: `${connection.transport.url}/trpc`,
        EventSource,
        eventSourceOptions: ({ op }) => ({
          fetch: (target, init) => {
            const authorization = connection.authorization();
            const own = authorization === undefined ? {} : { [header.authorization]: authorization };
            return fetch(target, { ...init, headers: { ...init.headers, ...headersOf(op.context), ...own } });
          },
        }),
      }),
    ],
  });
}
