import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { AnyContract } from '../contract/index.ts';
import type { Route } from './http/answer.ts';
import { answerBrokenRequests } from './http/broken-request.ts';
import { watchConnections } from './http/drain.ts';
import { frontDoor } from './http/front-door.ts';
import type { Handlers } from './call/handler.ts';
import { createListener } from './http/listener.ts';
import { watchResponses } from './http/open-responses.ts';
import { buildRouter } from './trpc/router.ts';
import { createService, type Service, type ServiceOptions } from './service.ts';
import { acceptSockets, asksForSocket } from './socket/accept.ts';
import { cutStalled } from './http/stall.ts';
import { systemRoutes } from './http/system-routes.ts';

/** How one service is served. */
export interface ServeOptions extends ServiceOptions {
  /** @default '127.0.0.1' */
  host?: string;
  /** 0 takes any free port. */
  port: number;
  /**
   * How long a connection without a request is kept, in milliseconds. Longer than what is before the service (a client, a
   * proxy) keeps it, so that the other side closes first: what is closed here may lose a request that is on its way. @default 65000
   */
  keepAliveTimeoutMs?: number;
  /** Further paths that answer JSON to GET. @default none */
  routes?: Readonly<Record<string, Route>>;
}

/** A service that listens. */
export interface RunningService {
  /** Where it listens, as `http://127.0.0.1:8000`. */
  readonly url: string;
  readonly port: number;
  /** Says that start-up is done: from now on calls are taken and `/readyz` says so. */
  ready(): void;
  /** Not ready at once; takes calls for the drain delay, then no new connections; finishes what runs, and closes. */
  stop(): Promise<void>;
}

/**
 * Listens, and answers for a contract with its handlers: tRPC over HTTP at
 * `/trpc/`, over WebSockets at `/trpc`, and the health endpoints. Until `ready()` is called it answers
 * health checks only.
 *
 * @throws TypeError when a procedure has no handler; Error for one of `webSocketOrigins` that is no origin; the system's
 * error when the port cannot be had.
 */
export async function serve<From extends AnyContract>(
  contract: From,
  handlers: Handlers<From>,
  options: ServeOptions,
): Promise<RunningService> {
  const { log, classify, authenticate, host = '127.0.0.1', keepAliveTimeoutMs = 65_000 } = options;
  const service = createService<From>(contract, handlers, options);
  const { procedures, readiness, closing } = service;
  const routes = { ...systemRoutes(service), ...limitedRoutes(service, options.routes) };
  const listener = createListener({
    router: buildRouter(procedures, { classify, closing }),
    procedures,
    routes: { '/': frontDoor(service, Object.keys(routes)), ...routes },
    authenticate,
    access: service.access,
    peerOf: service.peerOf,
    classify,
    readiness,
    log,
  });
  const server = createServer({
    keepAliveTimeout: keepAliveTimeoutMs,
    headersTimeout: 10_000,
    requestTimeout: 30_000,
    // How often the two above are looked at: Node's own 30 s would let headers take 40.
    connectionsCheckingInterval: 1000,
    shouldUpgradeCallback: asksForSocket,
  });
  const responses = watchResponses(server);
  answerBrokenRequests(server, responses);
  cutStalled(server);
  // Before the listener, which may answer at once: the answer is to say that the connection closes.
  const drain = watchConnections(server, responses, options.drainDelayMs ?? 0);
  server.on('request', listener);
  acceptSockets(server, service);
  try {
    server.listen(options.port, host);
    await once(server, 'listening');
  } catch (error) {
    await service.stop(async () => {});
    throw error;
  }
  const { port } = server.address() as AddressInfo;
  const url = `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
  log.info({ url, version: options.version }, `${contract.name} listens on ${url}`);

  return {
    url,
    port,
    ready() {
      readiness.ready();
      log.info({ url }, `${contract.name} is ready`);
    },
    stop: () => service.stop(drain),
  };
}

/** The service's own paths, which anyone may ask: so often. */
function limitedRoutes(
  { limits, peerOf }: Service,
  routes: Readonly<Record<string, Route>> = {},
): Record<string, Route> {
  return Object.fromEntries(
    Object.entries(routes).map(([path, route]) => {
      const limit = limits.ofPath(path);
      const counted: Route = async (request) => {
        await limit?.({ peer: peerOf(request), anonymous: true });
        return route(request);
      };
      return [path, limit ? counted : route];
    }),
  );
}
