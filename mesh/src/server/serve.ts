import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import type { AnyContract } from '../contract/index.ts';
import type { Route } from './http/answer.ts';
import { answerBrokenRequests } from './http/broken-request.ts';
import { watchConnections } from './http/drain.ts';
import type { Handlers } from './call/handler.ts';
import { listenerOf } from './http/service-listener.ts';
import { serveMetrics } from './http/metrics-server.ts';
import { OpenResponses } from './http/open-responses.ts';
import { createHttpServer } from './http/secure-server.ts';
import { loadParts, partsOf, type Served, type ServicePart } from './part.ts';
import { assemble, type ServiceOptions } from './service.ts';
import { certifiedOnly } from './http/certified-only.ts';
import { acceptSockets, asksForSocket } from './socket/accept.ts';
import { cutStalled } from './http/stall.ts';

export interface ServeOptions extends ServiceOptions {
  /** @default '127.0.0.1' */
  host?: string;
  /** 0 for any free port. */
  port: number;
  /**
   * Keep-alive time of an idle connection, in milliseconds. It should be longer than that of clients and proxies: if the
   * service closes first, a request in transit is lost. @default 65000
   */
  keepAliveTimeoutMs?: number;
  /**
   * Additional routes, for GET and HEAD. `/` gets the requests that prefer HTML, such as a browser's. @default none
   */
  routes?: Readonly<Record<string, Route>>;
}

export interface RunningService {
  /** For example `http://127.0.0.1:8000`. */
  readonly url: string;
  readonly port: number;
  /** Ends the start: the service accepts calls, and `/readyz` answers 200. */
  ready(): void;
  /** Not ready at once; accepts calls for the drain delay, then no new connections; finishes the calls in progress, and closes. */
  stop(): Promise<void>;
}

/**
 * Serves a contract: tRPC over HTTP at `/trpc/`, over WebSockets at `/trpc`, and the health endpoints. Until `ready()`
 * is called, it answers health checks only.
 *
 * @throws TypeError if a procedure has no handler; Error for an invalid origin in `webSocketOrigins` or `corsOrigins`; the system's error
 * if the port cannot be used.
 *
 * @example
 * const service = await serve(shopContract, handlers, { version: '1.0.0', port: 3000, log });
 * service.ready();
 */
export async function serve<From extends AnyContract>(
  contract: From,
  handlers: Handlers<From>,
  options: ServeOptions,
): Promise<RunningService>;
/**
 * Serves a tRPC router (`fromRouter`), or several contracts and routers as one service, with the name of the first.
 *
 * @throws TypeError for an incomplete part, and for a path that two parts have; what a lazy router throws as it is loaded;
 * the system's error if the port cannot be used.
 * @example
 * ```ts
 * const service = await serve(fromRouter(appRouter, { name: 'shop' }), { port: 3000, version: '1.0.0' });
 * service.ready();
 * ```
 */
export async function serve(
  parts: ServicePart | readonly ServicePart[],
  options: ServeOptions,
): Promise<RunningService>;
export async function serve<From extends AnyContract>(
  ...served: Served<From, ServeOptions>
): Promise<RunningService> {
  const { parts, options } = partsOf(served);
  await loadParts(parts);
  const service = assemble(parts, options);
  const { readiness, name } = service;
  const { log } = service.options;
  const { host = '127.0.0.1', keepAliveTimeoutMs = 65_000 } = options;
  const listener = listenerOf(service, options.routes);
  const server = createHttpServer(
    {
      keepAliveTimeout: keepAliveTimeoutMs,
      shouldUpgradeCallback: asksForSocket,
    },
    { tls: options.tls, log },
  );
  const responses = new OpenResponses(server);
  answerBrokenRequests(server, responses);
  cutStalled(server);
  // Before the listener, which may answer at once: a draining server's answer must have `connection: close`.
  const drain = watchConnections(server, responses, options.drainDelayMs ?? 0);
  server.on('request', service.certificates ? certifiedOnly(service.certificates, listener) : listener);
  acceptSockets(server, service);
  let metrics: Awaited<ReturnType<typeof serveMetrics>> | undefined;
  try {
    const { metricsPort } = options;
    if (metricsPort !== undefined) metrics = await serveMetrics(service, { host, port: metricsPort });
    server.listen(options.port, host);
    await once(server, 'listening');
  } catch (error) {
    await metrics?.close();
    await service.stop(async () => {});
    throw error;
  }
  const { port } = server.address() as AddressInfo;
  const scheme = options.tls?.serves ? 'https' : 'http';
  const url = `${scheme}://${host.includes(':') ? `[${host}]` : host}:${port}`;
  const facts = { url, version: options.version, ...(metrics && { metrics_port: metrics.port }) };
  log.debug(facts, `${name} listens`);

  return {
    url,
    port,
    ready() {
      readiness.ready();
      log.info(facts, `${name} is ready`);
    },
    async stop() {
      await service.stop(drain);
      await metrics?.close();
    },
  };
}
