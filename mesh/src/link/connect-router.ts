import { createTRPCClientProxy, TRPCUntypedClient, type TRPCClient, type TRPCLink } from '@trpc/client';
import { createTRPCFlatProxy, type AnyTRPCRouter } from '@trpc/server';
import { toCallersError } from './answer.ts';
import type { MakeCall } from './calls.ts';
import { openLink } from './open-link.ts';
import type { MeshLinkOptions } from './options.ts';

/** A client of tRPC whose connections can be closed. */
export type RouterClient<Router extends AnyTRPCRouter> = TRPCClient<Router> & {
  /** Closes its connections; calls and subscriptions in progress end with CLIENT_CLOSED_REQUEST. */
  [Symbol.asyncDispose](): Promise<void>;
};

/**
 * Creates a tRPC client whose only link is {@link meshLink}, with the same options, types, answers and errors. Queries
 * and mutations pass no observables and no other links, which take most of the time of a call in a client.
 *
 * Create it once, not for each request.
 *
 * @throws TypeError for an invalid `url`, and for a `contract` with a `transformer`.
 *
 * @example
 * const client = connectRouter<AppRouter>({ url: 'http://localhost:3000/trpc', transformer: superjson });
 * await client.pages.get.query({ slug: 'hello' });
 */
export function connectRouter<Router extends AnyTRPCRouter>(
  options: MeshLinkOptions<Router>,
): RouterClient<Router> {
  const { link, make, close } = openLink(options);
  const client = createTRPCClientProxy<Router>(new DirectClient(link, make));
  return createTRPCFlatProxy<RouterClient<Router>>((key) =>
    key === Symbol.asyncDispose ? close : client[key],
  );
}

type RequestOptions = Parameters<TRPCUntypedClient<AnyTRPCRouter>['query']>[2];

/** Makes queries and mutations itself, and subscriptions by the link. */
class DirectClient<Router extends AnyTRPCRouter> extends TRPCUntypedClient<Router> {
  readonly #make: MakeCall;
  #calls = 0;

  constructor(link: TRPCLink<Router>, make: MakeCall) {
    super({ links: [link] });
    this.#make = make;
  }

  override query(path: string, input?: unknown, options?: RequestOptions): Promise<unknown> {
    return this.#call({ type: 'query', path, input }, options);
  }

  override mutation(path: string, input?: unknown, options?: RequestOptions): Promise<unknown> {
    return this.#call({ type: 'mutation', path, input }, options);
  }

  async #call(
    called: { type: 'query' | 'mutation'; path: string; input: unknown },
    { context = {}, signal }: RequestOptions = {},
  ): Promise<unknown> {
    try {
      return await this.#make({ ...called, id: (this.#calls += 1), context, signal: signal ?? null });
    } catch (error) {
      throw toCallersError(error, signal);
    }
  }
}
