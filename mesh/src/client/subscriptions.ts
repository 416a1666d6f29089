import { httpSubscriptionLink, TRPCUntypedClient } from '@trpc/client';
import type { AnyTRPCRouter } from '@trpc/server';
import { EventSource } from 'eventsource';
import { header } from '../wire/index.ts';

/**
 * Makes the tRPC client that a mesh client opens its subscriptions with:
 * Server-Sent Events, which reconnect by themselves and ask for what they
 * missed by the id of the last event.
 *
 * @param url Where the service is.
 * @param authorization The `authorization` header, read anew for each connection.
 */
export function createSubscriptionClient(
  url: string,
  authorization: () => string | undefined,
): TRPCUntypedClient<AnyTRPCRouter> {
  return new TRPCUntypedClient<AnyTRPCRouter>({
    links: [
      httpSubscriptionLink({
        url: new URL('/trpc', url).href,
        EventSource,
        eventSourceOptions: {
          fetch: (target, init) => {
            const value = authorization();
            return fetch(target, {
              ...init,
              headers: { ...init.headers, ...(value !== undefined && { [header.authorization]: value }) },
            });
          },
        },
      }),
    ],
  });
}
