import type { AnyTRPCRouter } from '@trpc/server';
import { openLink } from './open-link.ts';
import type { MeshLink, MeshLinkOptions } from './options.ts';

/**
 * A terminating link that gives a tRPC client the mesh: deadlines, retries where they are safe, a retry budget, a
 * circuit breaker for each endpoint, several endpoints, a log line for each failure, metrics and trace context. The
 * server may be any tRPC server, and need not change. A service of the mesh is called over a WebSocket.
 *
 * Create it once, not for each request: it keeps connections and what it knows of the endpoints.
 *
 * A failed call rejects with TRPCClientError: with the shape and the data of the server's error, if there is one;
 * otherwise `data.code` says what happened, such as `TIMEOUT` or `SERVICE_UNAVAILABLE`. A mutation that no answer came
 * to, and that may have been executed, rejects with InDoubtError.
 *
 * @throws TypeError for an invalid `url`, and for a `contract` with a `transformer`.
 *
 * @example
 * const client = createTRPCClient<AppRouter>({
 *   links: [meshLink({ url: 'http://localhost:3000/trpc', transformer: superjson })],
 * });
 * await client.pages.get.query({ slug: 'hello' });
 */
export function meshLink<Router extends AnyTRPCRouter = AnyTRPCRouter>(
  options: MeshLinkOptions<Router>,
): MeshLink<Router> {
  const { link, close } = openLink(options);
  return Object.assign(link, { [Symbol.asyncDispose]: close });
}
