import { entriesOf, needsUser, type AnyContract } from '../contract/index.ts';
import {
  Hedge,
  RetryBudget,
  defaultRetryPolicy,
  type BreakerOptions,
  type RetryBudgetOptions,
  type RetryPolicy,
} from '../resilience/index.ts';
import {
  createLogger,
  currentScope,
  watchTarget,
  type Logger,
  type TargetState,
} from '../telemetry/index.ts';
import { MeshError, serviceTokenScheme, userTokenScheme } from '../wire/index.ts';
import { call } from './call.ts';
import { Clock } from './clock.ts';
import type { Connection } from './connection.ts';
import { createDecide } from './decisions.ts';
import { Endpoints } from './endpoints/endpoints.ts';
import type { Lookup } from './endpoints/host-name.ts';
import { createHttpTransport } from './transports/http-transport.ts';
import { intercept, type ClientInterceptor, type OutgoingCall } from './interceptor.ts';
import { keepListening } from './gone.ts';
import type { MeshClient } from './mesh-client.ts';
import type { CallOptions } from './request.ts';
import type { Address } from './endpoints/resolve.ts';
import { SocketTransport } from './transports/socket/socket-transport.ts';
import { meterOf } from './target.ts';
import { createSubscriptionClient } from './subscriptions/subscriptions.ts';
import type { Transport, TransportName } from './transports/transport.ts';

/** Longest wait for a connection, in milliseconds: time must be left for another endpoint. */
const longestConnectMs = 2000;

/** How to reach a service, and as whom. */
export interface ConnectOptions<As extends string> {
  /** Who calls: a service's name, or `user`, `admin`, `anyone`. What it may not call is not in the client's type. */
  as: As;
  /** Where the service is, as `http://localhost:8000`; or each of its endpoints. A name may have several addresses. */
  url: string | readonly string[];
  /** How the addresses of a name are found. @default as the system does, IPv4 first */
  lookup?: Lookup;
  /** The caller's token, or a function that returns the one in force. @default none */
  token?: string | (() => string | undefined) | undefined;
  /** Where failures are logged. @default JSON lines on standard output, of warnings and errors */
  log?: Logger;
  /** Of calls; subscriptions are tried again for ever, after the same waits and up to 30 s. @default 3 retries after 1 s, 2 s and 4 s, ±20 % */
  retryPolicy?: RetryPolicy;
  /** Bounds retries by the calls. @default 20 % of the calls of the last 10 s, and 10 a second */
  retryBudget?: RetryBudgetOptions;
  /** When an endpoint is left alone, and for how long. @default after 5 failures in a row, or under 80 % success; 1 s, doubling to 5 s */
  breaker?: Omit<BreakerOptions, 'onChange'>;
  /** Longest wait for one attempt, in milliseconds, unless the contract names another. @default 5000 */
  timeoutMs?: number;
  /** Longest wait for a call, retries and their waits included, in milliseconds. @default 10000 for a person, 30000 for a service */
  deadlineMs?: number;
  /** What runs around each query and mutation, the first one outermost: see docs/interceptors.md. @default nothing */
  interceptors?: readonly ClientInterceptor[];
  /**
   * What carries the calls: one WebSocket to each endpoint, with HTTP where none can be opened; HTTP alone; or what
   * this function makes for an endpoint.
   * @default 'websocket'
   */
  transport?: TransportName | ((address: Address) => Transport);
}

type RequestOptions = { signal?: AbortSignal; context?: Omit<CallOptions, 'signal'> };

/**
 * Connects to a service as somebody. No connection is made before the first call.
 *
 * A call that fails rejects with TRPCClientError; `error.data.code` says how,
 * and `error.data.error` is the typed error where the contract names one.
 * Await it through `safe()` from `@trpc/client` to have that error typed.
 */
export function connect<const To extends AnyContract, const As extends string>(
  to: To,
  options: ConnectOptions<As>,
): MeshClient<To, As> {
  const { as, token, log = createLogger({ service: as, level: 'warn' }), interceptors = [] } = options;
  const scheme = isPerson(as) ? userTokenScheme : serviceTokenScheme;
  const authorization = (): string | undefined => {
    const current = typeof token === 'function' ? token() : token;
    return current === undefined ? undefined : `${scheme} ${current}`;
  };
  const { timeoutMs = 5000, deadlineMs = isPerson(as) ? 10_000 : 30_000 } = options;
  const clock = new Clock();
  const decide = createDecide(to.name, log);
  const endpoints = new Endpoints([options.url].flat(), {
    open: opening(options.transport, { connectTimeoutMs: Math.min(timeoutMs, longestConnectMs), log }),
    breaker: options.breaker,
    lookup: options.lookup,
    clock,
    decide,
    log,
  });
  const closing = new AbortController();
  keepListening(closing.signal);
  const connection: Connection = {
    target: to.name,
    as,
    endpoints,
    clock,
    authorization,
    retryPolicy: options.retryPolicy ?? defaultRetryPolicy,
    retryBudget: new RetryBudget({ now: clock.now, ...options.retryBudget }),
    timeoutMs,
    deadlineMs,
    decide,
    log,
    closed: closing.signal,
  };
  const unwatch = watchTarget(() => stateOf(connection));

  const client: Record<string | symbol, unknown> = {
    async [Symbol.asyncDispose]() {
      unwatch();
      closing.abort(new MeshError('CLIENT_CLOSED_REQUEST', 'The client was closed'));
      await endpoints.close();
    },
  };
  const subscriptions = createSubscriptionClient(connection, () => endpoints.anyUrl());
  for (const { path, procedure } of entriesOf(to)) {
    const target = {
      path,
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
      const signals = [closing.signal, request.signal].filter((signal) => signal !== undefined);
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

/** How calls are carried to an endpoint. */
function opening(
  transport: ConnectOptions<string>['transport'] = 'websocket',
  { connectTimeoutMs, log }: { connectTimeoutMs: number; log: Logger },
): (address: Address) => Transport {
  if (typeof transport === 'function') return transport;
  return ({ url, ip }) => {
    const http = createHttpTransport(url, { connectTimeoutMs, ip });
    return transport === 'http' ? http : new SocketTransport(http, { log, ip });
  };
}

function stateOf({ target, as, retryBudget, endpoints }: Connection): TargetState {
  const states = endpoints.states();
  return {
    target,
    as,
    in_flight: states.reduce((sum, { in_flight }) => sum + in_flight, 0),
    retry_budget: retryBudget.balance,
    endpoints: states,
  };
}

function isPerson(as: string): boolean {
  return as === 'user' || as === 'admin' || as === 'anyone';
}

function insert(tree: Record<string | symbol, unknown>, [head = '', ...rest]: string[], leaf: object): void {
  if (rest.length === 0) tree[head] = leaf;
  else insert((tree[head] ??= {}) as Record<string, unknown>, rest, leaf);
}
