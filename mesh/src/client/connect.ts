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

/** Longest wait for a connection, in milliseconds; leaves time for another endpoint. */
const longestConnectMs = 2000;

export interface ConnectOptions<As extends string> {
  /** Caller: a service's name, or `user`, `admin`, `anyone`. The client's type has only the procedures that it may call. */
  as: As;
  /** Origin of the service, such as `http://localhost:8000`, or of each endpoint. A name may have several addresses. */
  url: string | readonly string[];
  /** Resolves names. @default the system, IPv4 first */
  lookup?: Lookup;
  /** The caller's token, or a function that returns the current one. @default none */
  token?: string | (() => string | undefined) | undefined;
  /** Logs failures. @default warnings and errors as JSON lines on standard output */
  log?: Logger;
  /** Retries of calls; subscriptions retry forever, with the same waits, up to 30 s. @default 3 retries after 1 s, 2 s and 4 s, ±20 % */
  retryPolicy?: RetryPolicy;
  /** Limits retries. @default 20 % of the calls of the last 10 s, and 10 per second */
  retryBudget?: RetryBudgetOptions;
  /** Circuit breaker of each endpoint. @default opens after 5 consecutive failures or below 80 % success; 1 s, doubling to 5 s */
  breaker?: Omit<BreakerOptions, 'onChange'>;
  /** Longest wait for one attempt, in milliseconds; a procedure's `timeoutMs` takes precedence. @default 5000 */
  timeoutMs?: number;
  /** Longest wait for a call, retries included, in milliseconds. @default 10000 for a person, 30000 for a service */
  deadlineMs?: number;
  /** Run around each query and mutation, the first one outermost: see docs/interceptors.md. @default none */
  interceptors?: readonly ClientInterceptor[];
  /**
   * Transport: one WebSocket to each endpoint, with HTTP as fallback; HTTP only; or the result of a function for an
   * endpoint.
   * @default 'websocket'
   */
  transport?: TransportName | ((address: Address) => Transport);
}

type RequestOptions = { signal?: AbortSignal; context?: Omit<CallOptions, 'signal'> };

/**
 * Creates a client of a service. It connects with the first call.
 *
 * A failed call rejects with TRPCClientError: `error.data.code` is its error code, and `error.data.error` the typed
 * error, if the contract defines it. `safe()` from `@trpc/client` gives that error its type.
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
