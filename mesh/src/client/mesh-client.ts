import type { TRPCClient, TRPCProcedureOptions } from '@trpc/client';
import type { AnyContract, AnyProcedure, CallerOf, RouterOf } from '../contract/index.ts';
import type { CallOptions } from './request.ts';

/**
 * A typed tRPC client of one service: `client.pages.get.query({ slug })`. The
 * second argument of a call takes a `signal`, and a `context`.
 *
 * A service may act for a user. Within a handler, a call of a procedure whose
 * rule wants a user behind the service takes the token of the handler's user
 * along; outside of one, or to act for another user, name it:
 * `{ context: { userToken } }`.
 */
export type MeshClient<To extends AnyContract, As extends string> = ClientOf<To, As, 'handler'> & {
  /** Closes its connections; calls and subscriptions under way end with CLIENT_CLOSED_REQUEST. */
  [Symbol.asyncDispose](): Promise<void>;
};

/**
 * The same client for code outside of handlers, as a job: a call of a
 * procedure that wants a user behind the service does not compile without
 * `{ context: { userToken } }`. Every `MeshClient` is one.
 */
export type JobClient<To extends AnyContract, As extends string> = ClientOf<To, As, 'job'>;

/** What a call may bring beside its input and its signal; `userToken` only from a service. */
export type CallContext<As extends string> = As extends Person
  ? Omit<CallOptions, 'signal' | 'userToken'> & { userToken?: never }
  : Omit<CallOptions, 'signal'>;

type Person = 'user' | 'admin' | 'anyone';

/** Where a call is made: a handler may have a user whom it serves, a job has none. */
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

/** tRPC's own methods with options of ours; those of a subscription are overloaded, and stay as they are. */
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

/** Whether each alternative that could admit a service asks for a user behind it. */
type NeedsUser<To extends AnyProcedure, As extends string> = As extends Person
  ? false
  : CallerOf<To['access']> & ('anyone' | 'service' | As) extends never
    ? true
    : false;
