import { httpSubscriptionLink, TRPCUntypedClient, type TRPCLink } from '@trpc/client';
import type { AnyTRPCRouter } from '@trpc/server';
import { observable } from '@trpc/server/observable';
import { EventSource } from 'eventsource';
import { header } from '../../wire/index.ts';
import { noUserError } from '../call-error.ts';
import { headersOf } from '../request.ts';
import { Reconnection, type Subscriber } from './reconnection.ts';

/** Whom it serves is known when it begins: a handler may be over when it is made again. */
const subscribing = { needsUser: false, procedure: { idempotent: true } };

/** Where the context of an operation has what connects it. */
const reconnection = 'reconnection';

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
  subscriber: Subscriber,
  endpoint: () => string,
): TRPCUntypedClient<AnyTRPCRouter> {
  const events = httpSubscriptionLink<AnyTRPCRouter, typeof EventSource>({
    url: () => `${endpoint()}/trpc`,
    EventSource,
    eventSourceOptions: ({ op }) => ({
      fetch: (target, { signal, headers, ...init }) => {
        // It reconnects by itself, always to the URL that it began with.
        const { pathname, search } = new URL(target);
        return (op.context[reconnection] as Reconnection).open({
          url: () => new URL(`${pathname}${search}`, endpoint()),
          headers: () => {
            const authorization = subscriber.authorization();
            const own = authorization === undefined ? {} : { [header.authorization]: authorization };
            return { ...headers, ...headersOf(op.context, subscribing), ...own };
          },
          init,
          signal,
        });
      },
    }),
  });
  return new TRPCUntypedClient<AnyTRPCRouter>({ links: [reconnecting(subscriber), events] });
}

/** Refuses one that has no user to be made for; gives each what connects it, and tells that when its stream has begun. */
function reconnecting(subscriber: Subscriber): TRPCLink<AnyTRPCRouter> {
  return () =>
    ({ op, next }) =>
      observable((observer) => {
        if (op.context['needsUser'] === true && op.context['userToken'] === undefined) {
          observer.error(noUserError(subscriber.target, op));
          return undefined;
        }
        const own = new Reconnection(subscriber, op.path, op.context['repeated'] === true);
        return next({ ...op, context: { ...op.context, [reconnection]: own } }).subscribe({
          next(value) {
            if (value.result.type === 'started') own.delivers();
            observer.next(value);
          },
          error: (error) => observer.error(error),
          complete: () => observer.complete(),
        });
      });
}
