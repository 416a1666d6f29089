import { entriesOf, needsUser, type AnyContract } from '../contract/index.ts';
import { Hedge } from '../resilience/index.ts';
import { currentScope } from '../telemetry/index.ts';
import { serviceTokenScheme, socketPath, userTokenScheme } from '../wire/index.ts';
import { call } from './call.ts';
import { answeredError } from './call-error.ts';
import { isPerson, openConnection, type OpeningOptions, type PolicyOptions } from './connection.ts';
import { createHttpTransport } from './transports/http-transport.ts';
import { intercept, type ClientInterceptor, type OutgoingCall } from './interceptor.ts';
import type { MeshClient } from './mesh-client.ts';
import type { CallOptions } from './request.ts';
import type { Address } from './endpoints/resolve.ts';
import { SocketTransport } from './transports/socket/socket-transport.ts';
import { unfitEndpoints } from './skew/unfit.ts';
import { meterOf } from './target.ts';
import type { createSubscriptionClient as serverSentEvents } from './subscriptions/event-client.ts';
import { createSubscriptionClient } from './subscriptions/subscriptions.ts';
import type { Transport, TransportName } from './transports/transport.ts';

export interface ConnectOptions<As extends string> extends PolicyOptions {
  /** Caller: a service's name, or `user`, `admin`, `anyone`. The client's type has only the procedures that it may call. */
  as: As;
  /** Origin of the service, such as `http://localhost:8000`, or of each endpoint. A name may have several addresses. */
  url: string | readonly string[];
  /** The caller's token, or a function that returns the current one. @default none */
  token?: string | (() => string | undefined) | undefined;
  /** Run around each query and mutation, the first one outermost: see `ClientInterceptor`. @default none */
  interceptors?: readonly ClientInterceptor[];
  /**
   * Transport: one WebSocket to each endpoint, with HTTP as fallback; HTTP only; or the result of a function for an
   * endpoint.
   * @default 'websocket'
   */
  transport?: TransportName | ((address: Address) => Transport);
  /**
   * Subscribes. A page that subscribes passes `serverSentEvents`, so that other pages do not load it.
   * @default in Node, serverSentEvents; in a browser, subscribing throws TypeError
   */
  subscriptions?: typeof serverSentEvents;
}

type RequestOptions = { signal?: AbortSignal; context?: Omit<CallOptions, 'signal'> };

/**
 * Creates a client of a service. It connects with the first call.
 *
 * A failed call rejects with TRPCClientError: `error.data.code` is its error code, and `error.data.error` the typed
 * error, if the contract defines it. `safe()` from `@trpc/client` gives that error its type.
 *
 * @example
 * await using shop = connect(shopContract, { url: 'http://shop:3000', as: 'anyone', timeoutMs: 2000 });
 * const { price } = await shop.items.get.query({ id: 'pen' });
 */
export function connect<const To extends AnyContract, const As extends string>(
  to: To,
  options: ConnectOptions<As>,
): MeshClient<To, As> {
  const { as, token, interceptors = [] } = options;
  const scheme = isPerson(as) ? userTokenScheme : serviceTokenScheme;
  const { connection, close } = openConnection({
    target: to.name,
    as,
    urls: [options.url].flat(),
    basePath: socketPath,
    contract: to,
    authorization: () => {
      const current = typeof token === 'function' ? token() : token;
      return current === undefined ? undefined : `${scheme} ${current}`;
    },
    readError: answeredError,
    open: opening(options.transport),
    policies: options,
  });
  const { clock, closed } = connection;

  const client: Record<string | symbol, unknown> = { [Symbol.asyncDispose]: close };
  const { subscriptions: subscribeBy = createSubscriptionClient } = options;
  const subscriptions = subscribeBy(connection, (op) =>
    connection.endpoints.anyUrl(unfitEndpoints(connection, op)),
  );
  for (const { path, procedure } of entriesOf(to)) {
    const target = {
      path,
      name: `${to.name}.${path}`,
      procedure,
      needsUser: !isPerson(as) && needsUser(procedure.access, as),
      meter: meterOf(to.name, path),
      hedge: procedure.hedge ? new Hedge({ now: clock.now }) : undefined,
    };
    const make = (input: unknown, { signal, context }: RequestOptions, headers?: OutgoingCall['headers']) =>
      call(connection, target, input, { ...context, headers, signal });
    const unary = (input: unknown, request: RequestOptions = {}) =>
      interceptors.length === 0
        ? make(input, request)
        : intercept(
            interceptors,
            { target: to.name, path, kind: procedure.kind as OutgoingCall['kind'], input, headers: {} },
            (changed) => make(changed.input, request, changed.headers),
          );
    const subscribe = (input: unknown, request: RequestOptions = {}) => {
      const signals = [closed, request.signal].filter((signal) => signal !== undefined);
      const userToken =
        request.context?.userToken ?? (target.needsUser ? currentScope()?.userToken : undefined);
      return subscriptions.subscription(path, input, {
        ...request,
        context: { ...request.context, userToken, needsUser: target.needsUser },
        signal: AbortSignal.any(signals),
      });
    };
    const method = {
      query: { query: unary },
      mutation: { mutate: unary },
      subscription: { subscribe },
    };
    insert(client, path.split('.'), method[procedure.kind]);
  }
  return client as MeshClient<To, As>;
}

function opening(
  transport: ConnectOptions<string>['transport'] = 'websocket',
): (address: Address, options: OpeningOptions) => Transport {
  if (typeof transport === 'function') return transport;
  return ({ url, ip }, { connectTimeoutMs, tls, log, contracts }) => {
    const http = createHttpTransport(url, { connectTimeoutMs, ip, tls, contracts });
    return transport === 'http' ? http : new SocketTransport(http, { log, ip, tls, contracts });
  };
}

function insert(tree: Record<string | symbol, unknown>, [head = '', ...rest]: string[], leaf: object): void {
  if (rest.length === 0) tree[head] = leaf;
  else insert((tree[head] ??= {}) as Record<string, unknown>, rest, leaf);
}
