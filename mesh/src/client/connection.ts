import type { AnyContract } from '../contract/index.ts';
import {
  RetryBudget,
  defaultDeadlineMs,
  defaultRetryPolicy,
  type BreakerOptions,
  type RetryBudgetOptions,
  type RetryPolicy,
} from '../resilience/index.ts';
import { createLogger, watchTarget, type Logger, type TargetState } from '../telemetry/index.ts';
import type { Tls } from '../tls/index.ts';
import { defaultTimeoutMs, MeshError } from '../wire/index.ts';
import type { CallError } from './call-error.ts';
import { Clock } from './clock.ts';
import { createDecide, type Decide } from './decisions.ts';
import { Endpoints } from './endpoints/endpoints.ts';
import type { Lookup } from './endpoints/host-name.ts';
import type { Address } from './endpoints/resolve.ts';
import { keepListening } from './gone.ts';
import { Skew } from './skew/skew.ts';
import { longestConnectMs, type Answer, type ContractTerms, type Transport } from './transports/transport.ts';

/** Most endpoints that a client uses, if it is not told otherwise. */
const defaultSubsetSize = 100;

/** A client's connection to one service: the state that its calls share. */
export interface Connection {
  /** Name of the called service. */
  readonly target: string;
  /** Name of the caller. */
  readonly as: string;
  readonly endpoints: Endpoints;
  /** Path of the procedures below the URL of an endpoint, such as `/trpc`. */
  readonly basePath: string;
  readonly clock: Clock;
  /** The `authorization` header; read for each call, so that a rotated token is used at once. */
  readonly authorization: () => string | undefined;
  /** The error in an answer without a result. */
  readonly readError: (answer: Answer) => CallError;
  readonly retryPolicy: RetryPolicy;
  readonly retryBudget: RetryBudget;
  /** Longest wait for one attempt, in milliseconds, unless the procedure has its own. */
  readonly timeoutMs: number;
  /** Longest wait for a call, retries included, in milliseconds. */
  readonly deadlineMs: number;
  readonly decide: Decide;
  /** What is known of other contracts; `undefined` without a contract. */
  readonly skew: Skew | undefined;
  /** Opens streams of events. */
  readonly fetch: typeof fetch;
  readonly log: Logger;
  /** Fires when the client is closed, with the MeshError for calls in progress. */
  readonly closed: AbortSignal;
}

/** How calls of a client fail and are retried. */
export interface PolicyOptions {
  /** Resolves names. @default the system, IPv4 first */
  lookup?: Lookup;
  /** Logs failures. @default warnings and errors as JSON lines on standard output */
  log?: Logger;
  /** Retries of calls; subscriptions retry forever, with the same waits, up to 30 s. @default 3 retries after 1 s, 2 s and 4 s, ±20 % */
  retryPolicy?: RetryPolicy;
  /** Limits retries. @default 20 % of the calls of the last 10 s, and 10 per second */
  retryBudget?: RetryBudgetOptions;
  /** Circuit breaker of each endpoint. @default opens after 5 consecutive failures or below 80 % success; 1 s, doubling to 5 s */
  breaker?: Omit<BreakerOptions, 'onChange'>;
  /** For endpoints with https (`openTls`). @default as Node verifies them */
  tls?: Tls | undefined;
  /**
   * Most endpoints that this client uses. Of more, it uses a random subset, which hardly changes when endpoints
   * come and go: each used endpoint costs a connection on both sides.
   * @default 100
   */
  subsetSize?: number;
  /** Longest wait for one attempt, in milliseconds; a procedure's `timeoutMs` takes precedence. @default 5000 */
  timeoutMs?: number;
  /** Longest wait for a call, retries included, in milliseconds. @default 10000 for a person, 30000 for a service */
  deadlineMs?: number;
}

/** What a transport is opened with. */
export type OpeningOptions = Readonly<{
  connectTimeoutMs: number;
  tls: Tls | undefined;
  log: Logger;
  contracts: ContractTerms | undefined;
}>;

interface ConnectionOptions extends Pick<
  Connection,
  'target' | 'as' | 'basePath' | 'authorization' | 'readError'
> {
  readonly urls: readonly string[];
  /** The contract that calls are written against. @default contracts are not compared */
  readonly contract?: AnyContract | undefined;
  readonly open: (address: Address, options: OpeningOptions) => Transport;
  readonly policies: PolicyOptions;
}

/** Creates a connection. It connects with the first call. */
export function openConnection({ urls, contract, open, policies, ...fixed }: ConnectionOptions): {
  connection: Connection;
  /** Ends calls and subscriptions in progress with CLIENT_CLOSED_REQUEST. */
  close(): Promise<void>;
} {
  const { target, as } = fixed;
  const { log = createLogger({ service: as, level: 'warn' }) } = policies;
  const {
    timeoutMs = defaultTimeoutMs,
    deadlineMs = defaultDeadlineMs[isPerson(as) ? 'person' : 'service'],
    tls,
  } = policies;
  const clock = new Clock();
  const decide = createDecide(target, log);
  const { basePath, authorization } = fixed;
  const skew = contract && new Skew({ contract, target, basePath, authorization, tls, log });
  const opening = { connectTimeoutMs: Math.min(timeoutMs, longestConnectMs), tls, log };
  const endpoints = new Endpoints(urls, {
    open: (address) => open(address, { ...opening, contracts: skew && termsOf(skew, address) }),
    breaker: policies.breaker,
    lookup: policies.lookup,
    subsetSize: policies.subsetSize ?? defaultSubsetSize,
    clock,
    decide,
    log,
  });
  const closing = new AbortController();
  keepListening(closing.signal);
  const connection: Connection = {
    ...fixed,
    endpoints,
    clock,
    retryPolicy: policies.retryPolicy ?? defaultRetryPolicy,
    retryBudget: new RetryBudget({ now: clock.now, ...policies.retryBudget }),
    timeoutMs,
    deadlineMs,
    decide,
    skew,
    fetch: tls?.fetch ?? ((url, init) => fetch(url, init)),
    log,
    closed: closing.signal,
  };
  const unwatch = watchTarget(() => stateOf(connection));
  return {
    connection,
    async close() {
      unwatch();
      closing.abort(new MeshError('CLIENT_CLOSED_REQUEST', 'The client was closed'));
      await endpoints.close();
    },
  };
}

/** Whether a caller is a person, not a service. */
export function isPerson(as: string): boolean {
  return as === 'user' || as === 'admin' || as === 'anyone';
}

function termsOf(skew: Skew, address: Address): ContractTerms {
  return {
    get ours() {
      return skew.ours;
    },
    heard: (theirs) => void skew.heard(theirs, address),
  };
}

function stateOf({ target, as, retryBudget, endpoints, skew }: Connection): TargetState {
  const states = endpoints.states();
  return {
    target,
    as,
    contract: skew?.ours ?? null,
    refused: skew?.refused(states.map((state) => state.contract)) ?? [],
    in_flight: states.reduce((sum, { in_flight }) => sum + in_flight, 0),
    retry_budget: retryBudget.balance,
    endpoints: states,
  };
}
