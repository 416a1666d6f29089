import { httpSubscriptionLink, TRPCUntypedClient, type TRPCLink } from '@trpc/client';
import type { AnyTRPCRouter } from '@trpc/server';
import { observable } from '@trpc/server/observable';
import { EventSource } from 'eventsource';
import { header } from '../../wire/index.ts';
import { noUserError } from '../call-error.ts';
import { startOpening } from '../call-span.ts';
import { headersOf } from '../request.ts';
import { Reconnection, type Subscriber } from './reconnection.ts';

/** The user token is fixed at the start, because the handler may have ended before a reconnection. */
const subscribing = { needsUser: false, procedure: { idempotent: true } };

/** Key of the Reconnection in the context of an operation. */
const reconnection = 'reconnection';

/**
 * Creates the tRPC client for subscriptions: Server-Sent Events, which reconnect and resume after the last event.
 * Each connection may go to another endpoint, with current headers.
 *
 * @param endpoint Returns the origin of an endpoint, such as `http://localhost:8000`.
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
        // EventSource always reconnects to its first URL.
        const { pathname, search } = new URL(target);
        const own = op.context[reconnection] as Reconnection;
        return own.open({
          url: () => new URL(`${pathname}${search}`, endpoint()),
          headers: () => {
            const authorization = subscriber.authorization();
            const credentials = authorization === undefined ? {} : { [header.authorization]: authorization };
            return {
              ...headers,
              ...headersOf(op.context, subscribing, own.opening?.context),
              ...credentials,
            };
          },
          init,
          signal,
        });
      },
    }),
  });
  return new TRPCUntypedClient<AnyTRPCRouter>({ links: [reconnecting(subscriber), events] });
}

/** Gives each subscription its Reconnection; rejects one without the user that it requires. */
function reconnecting(subscriber: Subscriber): TRPCLink<AnyTRPCRouter> {
  return () =>
    ({ op, next }) =>
      observable((observer) => {
        if (op.context['needsUser'] === true && op.context['userToken'] === undefined) {
          observer.error(noUserError(subscriber.target, op));
          return undefined;
        }
        const own = new Reconnection(subscriber, op.path, op.context['repeated'] === true);
        own.opening = startOpening(`${subscriber.target}.${op.path}`);
        const events = next({ ...op, context: { ...op.context, [reconnection]: own } }).subscribe({
          next(value) {
            if (value.result.type === 'started') own.delivers();
            observer.next(value);
          },
          error(error) {
            own.opened(codeOf(error) ?? 'INTERNAL_SERVER_ERROR');
            observer.error(error);
          },
          complete: () => observer.complete(),
        });
        return () => {
          own.opened('CLIENT_CLOSED_REQUEST');
          events.unsubscribe();
        };
      });
}

function codeOf(error: { data?: unknown }): string | undefined {
  const { code } = (error.data ?? {}) as { code?: unknown };
  return typeof code === 'string' ? code : undefined;
}
