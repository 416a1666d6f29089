import type { TRPCClient } from '@trpc/client';
import { entriesOf, type AnyContract, type RouterOf } from '../contract/index.ts';
import {
  createBreaker,
  createRetryBudget,
  defaultRetryPolicy,
  type BreakerState,
  type RetryPolicy,
} from '../resilience/index.ts';
import type { Logger } from '../telemetry/index.ts';
import { MeshError, serviceTokenScheme, userTokenScheme } from '../wire/index.ts';
import { call } from './call.ts';
import { createCallMeter } from './call-meter.ts';
import type { Connection } from './connection.ts';
import { createHttpTransport } from './http-transport.ts';
import { createSocketTransport } from './socket/socket-transport.ts';
import { createSubscriptionClient } from './subscriptions.ts';
import type { TransportName } from './transport.ts';

/** How to reach a service, and as whom. */
export interface ConnectOptions<As extends string> {
  /** Who calls: a service's name, or `user`, `admin`, `anyone`. What it may not call is not in the client's type. */
  as: As;
  /** Where the service is, as `http://localhost:8000`; or each of its endpoints. */
  url: string | readonly string[];
  /** The caller's token, or a function that returns the one in force. @default none */
  token?: string | (() => string | undefined);
  log: Logger;
  /** @default 3 retries after 1 s, 2 s and 4 s, ±20 % */
  retryPolicy?: RetryPolicy;
  /** Longest wait for one attempt, in milliseconds, unless the contract names a shorter one. @default 5000 */
  timeoutMs?: number;
  /**
   * What carries the calls: one WebSocket, with HTTP where none can be opened; or HTTP alone.
   * @default 'websocket'
   */
  transport?: TransportName;
}

/**
 * A typed tRPC client of one service: `client.pages.get.query({ slug })`.
 * The second argument of a call takes a `signal`, and in its `context` the
 * `userToken` of a user for whom the call is made.
 */
export type MeshClient<To extends AnyContract, As extends string> = Omit<
  TRPCClient<RouterOf<To, As>>,
  symbol
> & {
  /** Closes its connections; calls and subscriptions under way end with CLIENT_CLOSED_REQUEST. */
  [Symbol.asyncDispose](): Promise<void>;
};

type RequestOptions = { signal?: AbortSignal; context?: { userToken?: string } };

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
  const { as, token, log, retryPolicy = defaultRetryPolicy, timeoutMs = 5000 } = options;
  // The one place that knows of several endpoints: for now the first is called.
  const [url = ''] = [options.url].flat();
  const scheme = isPerson(as) ? userTokenScheme : serviceTokenScheme;
  const authorization = (): string | undefined => {
    const current = typeof token === 'function' ? token() : token;
    return current === undefined ? undefined : `${scheme} ${current}`;
  };
  const http = createHttpTransport(url, { connectTimeoutMs: timeoutMs });
  const transport = options.transport === 'http' ? http : createSocketTransport(http, { log });
  const closing = new AbortController();
  const connection: Connection = {
    target: to.name,
    as,
    transport,
    authorization,
    retryPolicy,
    retryBudget: createRetryBudget(),
    breaker: createBreaker({ onChange: (state) => tellOf(state, { log, target: to.name, url }) }),
    timeoutMs,
    log,
    closed: closing.signal,
  };

  const client: Record<string | symbol, unknown> = {
    async [Symbol.asyncDispose]() {
      closing.abort(new MeshError('CLIENT_CLOSED_REQUEST', 'The client was closed'));
      await transport.close();
    },
  };
  const subscriptions = createSubscriptionClient(connection, () => transport.url);
  for (const { path, procedure } of entriesOf(to)) {
    const target = { path, procedure, meter: createCallMeter(to.name, path) };
    const unary = (input: unknown, { signal, context }: RequestOptions = {}) =>
      call(connection, target, input, { signal, userToken: context?.userToken });
    const subscribe = (input: unknown, request: RequestOptions = {}) => {
      const signals = [closing.signal, request.signal].filter((signal) => signal !== undefined);
      return subscriptions.subscription(path, input, { ...request, signal: AbortSignal.any(signals) });
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

/** The first refusal and the recovery are for people to know; the probes in between are not. */
function tellOf(
  state: BreakerState,
  { log, target, url }: { log: Logger; target: string; url: string },
): void {
  const fields = { target, endpoint: url, breaker: state };
  if (state === 'open') log.warn(fields, `${target} keeps failing: calls to it are refused until it is back`);
  else if (state === 'closed') log.info(fields, `${target} is back`);
  else log.debug(fields, `${target} is tried again`);
}

function isPerson(as: string): boolean {
  return as === 'user' || as === 'admin' || as === 'anyone';
}

function insert(tree: Record<string | symbol, unknown>, [head = '', ...rest]: string[], leaf: object): void {
  if (rest.length === 0) tree[head] = leaf;
  else insert((tree[head] ??= {}) as Record<string, unknown>, rest, leaf);
}
