import type { TRPCClient, TRPCProcedureOptions } from '@trpc/client';
import type { AnyContract, AnyProcedure, CallerOf, RouterOf } from '../contract/index.ts';
import type { CallOptions } from './request.ts';

/**
 * A typed tRPC client of one service: `client.pages.get.query({ slug })`. The second argument of a call takes a
 * `signal` and a `context`.
 *
 * A procedure's rule may require a user behind the calling service. In a handler, the call carries the token of the
 * handler's user. Elsewhere, or to act for another user, pass `{ context: { userToken } }`.
 */
export type MeshClient<To extends AnyContract, As extends string> = ClientOf<To, As, 'handler'> & {
  /** Closes its connections; calls and subscriptions in progress end with CLIENT_CLOSED_REQUEST. */
  [Symbol.asyncDispose](): Promise<void>;
};

/**
 * The same client for code outside of handlers, such as jobs: a call of a procedure that requires a user behind the
 * service does not compile without `{ context: { userToken } }`. Every `MeshClient` is one.
 */
export type JobClient<To extends AnyContract, As extends string> = ClientOf<To, As, 'job'>;

/** Context of a call; only services may set `userToken`. */
export type CallContext<As extends string> = As extends Person
  ? Omit<CallOptions, 'signal' | 'userToken'> & { userToken?: never }
  : Omit<CallOptions, 'signal'>;

type Person = 'user' | 'admin' | 'anyone';

/** Place of a call: a handler may have a user, a job has none. */
type Place = 'handler' | 'job';

type ClientOf<To extends AnyContract, As extends string, In extends Place> = TreeOf<
  Omit<TRPCClient<RouterOf<To, As>>, symbol>,
  To['procedures'],
  { as: As; in: In }
>;

type By = { as: string; in: Place };

type TreeOf<Calls, Tree, From extends By> = {
  [Key in keyof Calls]: Key extends keyof Tree
    ? Tree[Key] extends AnyProcedure
      ? MethodsOf<Calls[Key], OptionsOf<Tree[Key], From>>
      : TreeOf<Calls[Key], Tree[Key], From>
    : never;
};

/** tRPC's methods with the mesh's options; `subscribe` is overloaded and stays as it is. */
type MethodsOf<Methods, Given extends [options?: object]> = {
  [Verb in keyof Methods]: Verb extends 'subscribe'
    ? Methods[Verb]
    : Methods[Verb] extends (input: infer Input, options?: TRPCProcedureOptions) => infer Answer
      ? (input: Input, ...options: Given) => Answer
      : never;
};

type OptionsOf<To extends AnyProcedure, From extends By> = From['in'] extends 'handler'
  ? [options?: Options<CallContext<From['as']>>]
  : NeedsUser<To, From['as']> extends true
    ? [options: Options<CallContext<From['as']>> & { context: { userToken: string } }]
    : [options?: Options<CallContext<From['as']>>];

interface Options<Context> {
  signal?: AbortSignal | undefined;
  context?: Context;
}

/** Whether each alternative that could admit the service requires a user behind it. */
type NeedsUser<To extends AnyProcedure, As extends string> = As extends Person
  ? false
  : CallerOf<To['access']> & ('anyone' | 'service' | As) extends never
    ? true
    : false;
