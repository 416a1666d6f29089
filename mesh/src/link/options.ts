import type { HTTPHeaders, Operation, TRPCLink } from '@trpc/client';
import type { TransformerOptions } from '@trpc/client/unstable-internals';
import type { AnyTRPCRouter, TRPCPathSeparator } from '@trpc/server';
import type { AnyContract } from '../contract/index.ts';
import type { PolicyOptions } from '../client/core.ts';
import type { TransportName } from '../client/index.ts';

/** Options of `meshLink`. `transformer` is required if the router has one, as for tRPC's own links. */
export type MeshLinkOptions<Router extends AnyTRPCRouter = AnyTRPCRouter> = PlainOptions &
  TransformerOptions<Router['_def']['_config']['$types']>;

/** Options that do not depend on the router. */
export interface PlainOptions extends PolicyOptions {
  /**
   * URL of the tRPC endpoint, as for `httpLink`, such as `http://localhost:3000/trpc`; or one for each endpoint. A host
   * name with several addresses is several endpoints.
   */
  url: string | URL | readonly (string | URL)[];
  /**
   * The contract that calls are written against, of a service of the mesh: calls that the contract of the running
   * service does not fit are refused with CONTRACT_MISMATCH before they are sent. A contract describes plain JSON, so
   * it cannot be combined with `transformer`.
   * @default none: contracts are not compared
   */
  contract?: AnyContract | undefined;
  /** Name of the called service in logs, metrics and traces. @default host of the first URL */
  name?: string;
  /**
   * Caller: the name of this service, or `user`, `admin`, `anyone`. A service's token is sent as `Service-Token
   * <token>`, others as `Bearer <token>`.
   * @default 'anyone'
   */
  as?: string;
  /** The caller's token, or a function that returns the current one; read for each attempt. @default none */
  token?: string | (() => string | undefined) | undefined;
  /**
   * Headers of each call: an object, or a function of the operation. Headers of one connection or one body, such as
   * `content-length`, are left out, so that a request's headers can be passed on.
   * @default none
   */
  headers?: HTTPHeaders | ((options: { op: Operation }) => HTTPHeaders | Promise<HTTPHeaders>);
  /**
   * Whether a mutation may be executed twice without harm, asked once for each path: it is then retried like a query.
   * `by-key`: the server executes a mutation with the same `idempotency-key` header once; each call gets a key.
   * @default () => false
   */
  idempotent?: (path: string) => boolean | 'by-key';
  /**
   * Transport: a WebSocket to each endpoint that is a service of the mesh, and HTTP to others; or HTTP only, without
   * asking.
   * @default 'websocket'
   */
  transport?: TransportName;
  /** Sends queries as POST; the server must set `allowMethodOverride`. @default queries are GET */
  methodOverride?: 'POST';
  /** Between the parts of a path in a URL, as the server's `pathSeparator`. @default '.' */
  pathSeparator?: TRPCPathSeparator;
}

/**
 * What `meshLink` reads of the `context` of one call. Other fields are left to other links.
 *
 * @example
 * const context: MeshLinkContext = { timeoutMs: 20_000, deadlineMs: 60_000 };
 * await client.orders.create.mutate({ id: 'pen' }, { context });
 */
export type MeshLinkContext = {
  /** More headers; they replace the link's. @default none */
  headers?: HTTPHeaders | undefined;
  /** Longest wait for one attempt, in milliseconds. @default the link's */
  timeoutMs?: number | undefined;
  /** Longest wait for the call, retries included, in milliseconds. @default the link's, and at least `timeoutMs` */
  deadlineMs?: number | undefined;
  /**
   * Key of a mutation, sent as `idempotency-key`: 1 to 255 visible ASCII characters. The server must execute a key only
   * once, as the mutation is then retried like a query.
   * @default none, or a random one for each call of a `by-key` mutation
   */
  idempotencyKey?: string | undefined;
  /** Access token of the user that the calling service acts for, sent as `x-user-token`. @default none */
  userToken?: string | undefined;
  /**
   * Whether the caller itself repeats the call until it succeeds, and logs the outage: then it is not retried here,
   * and its failures are debug lines.
   * @default false
   */
  repeated?: boolean | undefined;
};

/** A terminating link. One link may serve several clients, which then share its connections. */
export type MeshLink<Router extends AnyTRPCRouter> = TRPCLink<Router> & {
  /** Closes its connections; calls and subscriptions in progress end with CLIENT_CLOSED_REQUEST. */
  [Symbol.asyncDispose](): Promise<void>;
};
