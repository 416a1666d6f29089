import { httpSubscriptionLink, TRPCUntypedClient } from '@trpc/client';
import type { AnyTRPCRouter } from '@trpc/server';
import { EventSource } from 'eventsource';
import { header } from '../wire/index.ts';
import type { Connection } from './connection.ts';
import { headersOf } from './outgoing.ts';

const subscribing = { idempotent: true };

/**
 * Makes the tRPC client that a mesh client opens its subscriptions with:
 * Server-Sent Events, which reconnect by themselves and ask for what they
 * missed by the id of the last event. Where to, and with what headers, is
 * asked anew for each connection: one that is lost may be made to another
 * endpoint.
 *
 * @param endpoint Where the service is now, as `http://localhost:8000`.
 */
export function createSubscriptionClient(
  connection: Pick<Connection, 'authorization'>,
  endpoint: () => string,
): TRPCUntypedClient<AnyTRPCRouter> {
  return new TRPCUntypedClient<AnyTRPCRouter>({
    links: [
      httpSubscriptionLink({
        url: () => `${endpoint()}/trpc`,
        EventSource,
        eventSourceOptions: ({ op }) => ({
          fetch: (target, init) => {
            const authorization = connection.authorization();
            const own = authorization === undefined ? {} : { [header.authorization]: authorization };
            // It reconnects by itself, always to the URL that it began with.
            const { pathname, search } = new URL(target);
            const url = new URL(`${pathname}${search}`, endpoint());
            return fetch(url, {
              ...init,
              headers: { ...init.headers, ...headersOf(op.context, subscribing), ...own },
            });
          },
        }),
      }),
    ],
  });
}
