import {
  httpSubscriptionLink,
  TRPCClientError,
  TRPCUntypedClient,
  type Operation,
  type TRPCLink,
} from '@trpc/client';
import type {
  AnyTRPCRouter,
  TRPCCombinedDataTransformer,
  TRPCDataTransformer,
  TRPCPathSeparator,
} from '@trpc/server';
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

interface SubscriptionOptions {
  /**
   * Returns the URL of an endpoint, such as `http://localhost:4000`; asked before each connection.
   *
   * @throws CallError if the subscription is refused
   */
  readonly endpoint: (op: Pick<Operation, 'path' | 'input'>) => string;
  /** The router's. @default none, JSON */
  readonly transformer?: TRPCDataTransformer | TRPCCombinedDataTransformer | undefined;
  /** Between the parts of a path in a URL. @default '.' */
  readonly pathSeparator?: TRPCPathSeparator | undefined;
  /** More headers of each request. @default none */
  readonly headers?: (op: Operation) => Record<string, string> | Promise<Record<string, string>>;
}

/**
 * Creates the tRPC client for subscriptions of a contract.
 *
 * @example
 * const subscriber: Parameters<typeof serverSentEvents>[0] = { headers: () => ({}) } as never;
 * const events = serverSentEvents(subscriber, () => 'http://shop:3000');
 */
export function createSubscriptionClient(
  subscriber: Subscriber,
  endpoint: SubscriptionOptions['endpoint'],
): TRPCUntypedClient<AnyTRPCRouter> {
  return new TRPCUntypedClient<AnyTRPCRouter>({ links: subscriptionLinks(subscriber, { endpoint }) });
}

/**
 * Creates the links for subscriptions: Server-Sent Events, which reconnect and resume after the last event. Each
 * connection may go to another endpoint, with current headers.
 */
export function subscriptionLinks(
  subscriber: Subscriber,
  { endpoint, transformer, pathSeparator = '.', headers: more = () => ({}) }: SubscriptionOptions,
): [TRPCLink<AnyTRPCRouter>, TRPCLink<AnyTRPCRouter>] {
  const events = httpSubscriptionLink<AnyTRPCRouter, typeof EventSource>({
    // Only its query is read: each connection chooses its endpoint.
    url: 'http://localhost',
    EventSource,
    transformer: transformer as never,
    pathSeparator,
    eventSourceOptions: ({ op }) => ({
      fetch: (target, { signal, headers, ...init }) => {
        // EventSource always reconnects to its first URL.
        const { search } = new URL(target);
        const own = op.context[reconnection] as Reconnection;
        return own.open({
          endpoint: () => endpoint(op),
          path: `/${op.path.replaceAll('.', pathSeparator)}${search}`,
          headers: async () => {
            const added = await more(op);
            const { userToken } = op.context as { userToken?: string };
            const authorization = added[header.authorization] ?? subscriber.authorization();
            return {
              ...headers,
              ...headersOf({ userToken, headers: added }, subscribing, own.opening?.context),
              ...(authorization !== undefined && { [header.authorization]: authorization }),
            };
          },
          init,
          signal,
        });
      },
    }),
  });
  return [reconnecting(subscriber), events];
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
        const own = new Reconnection(subscriber, op, (error) => {
          own.opened(error.data.code);
          observer.error(
            TRPCClientError.from(error, { meta: { target: subscriber.target, procedure: op.path } }),
          );
        });
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
