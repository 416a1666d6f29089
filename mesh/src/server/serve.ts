import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { AnyContract } from '../contract/index.ts';
import { createHealth, createReadiness, probeService } from '../health/index.ts';
import type { Authenticate } from '../identity/index.ts';
import type { Logger } from '../telemetry/index.ts';
import { MeshError } from '../wire/index.ts';
import { Admission } from './admission/admission.ts';
import { answerBrokenRequests } from './broken-request.ts';
import { createCallObserver } from './call-observer.ts';
import { compile } from './compile.ts';
import { watchConnections } from './drain.ts';
import type { ClassifyError } from './failure.ts';
import type { Handlers } from './handler.ts';
import type { Route } from './answer.ts';
import { createListener } from './listener.ts';
import { watchResponses } from './open-responses.ts';
import { buildRouter } from './router.ts';
import { acceptSockets, asksForSocket } from './socket/accept.ts';
import { systemRoutes } from './system-routes.ts';

/** How one service is served. */
export interface ServeOptions {
  version: string;
  /** @default '127.0.0.1' */
  host?: string;
  /** 0 takes any free port. */
  port: number;
  log: Logger;
  /** Who a request's credentials prove its caller to be. */
  authenticate: Authenticate;
  /** Throws when the service's own database does not answer. */
  pingDatabase: () => Promise<void>;
  /** Where the services are that this one calls, by name, each with one endpoint or several; their health shows in this one's. @default none */
  dependencies?: Readonly<Record<string, string | readonly string[]>>;
  /** Further paths that answer JSON to GET. @default none */
  routes?: Readonly<Record<string, Route>>;
  /** Says what the errors of a service's own libraries mean to a caller. */
  classify?: ClassifyError;
  /** Longest time for a person's request, the calls that it leads to included, where the contract names none, in milliseconds. @default 10000 */
  userDeadlineMs?: number;
  /** How long calls that run may go on after `stop`, in milliseconds. @default 30000 */
  drainTimeoutMs?: number;
}

/** A service that listens. */
export interface RunningService {
  /** Where it listens, as `http://127.0.0.1:8000`. */
  readonly url: string;
  readonly port: number;
  /** Says that start-up is done: from now on calls are taken and `/readyz` says so. */
  ready(): void;
  /** Not ready at once, no new connections; finishes what runs, then closes. */
  stop(): Promise<void>;
}

/** How long a connection without a request is kept, in milliseconds: longer than any client's own, so that the client closes first. */
const keepAliveTimeoutMs = 65_000;

/**
 * Listens, and answers for a contract with its handlers: tRPC over HTTP at
 * `/trpc/`, over WebSockets at `/trpc`, and the health endpoints. Until `ready()` is called it answers
 * health checks only.
 *
 * @throws TypeError when a procedure has no handler; the system's error when the port cannot be had.
 */
export async function serve<From extends AnyContract>(
  contract: From,
  handlers: Handlers<From>,
  options: ServeOptions,
): Promise<RunningService> {
  const { log, classify, host = '127.0.0.1', drainTimeoutMs = 30_000 } = options;
  const readiness = createReadiness();
  const health = createHealth({
    service: contract.name,
    version: options.version,
    readiness,
    pingDatabase: options.pingDatabase,
    dependencies: Object.fromEntries(
      Object.entries(options.dependencies ?? {}).map(([name, url]) => [name, probeService(url)]),
    ),
  });
  const closing = new AbortController();
  const admission = new Admission(contract.name, log);
  const procedures = compile<From>(contract, handlers, {
    log,
    admission,
    userDeadlineMs: options.userDeadlineMs,
    observe: (path) => createCallObserver(path, { log, classify }),
  });
  const listener = createListener({
    router: buildRouter(procedures, { classify, closing: closing.signal }),
    procedures,
    routes: { ...systemRoutes(health), ...options.routes },
    authenticate: options.authenticate,
    classify,
    readiness,
    log,
  });
  const server = createServer(
    {
      keepAliveTimeout: keepAliveTimeoutMs,
      headersTimeout: 10_000,
      requestTimeout: 30_000,
      // How often the two above are looked at: Node's own 30 s would let headers take 40.
      connectionsCheckingInterval: 1000,
      shouldUpgradeCallback: asksForSocket,
    },
    listener,
  );
  const responses = watchResponses(server);
  answerBrokenRequests(server, responses);
  const drain = watchConnections(server, responses);
  const drainSockets = acceptSockets(server, {
    procedures: new Map(procedures.map((procedure) => [procedure.path, procedure])),
    authenticate: options.authenticate,
    classify,
    readiness,
    log,
    closing: closing.signal,
  });
  server.listen(options.port, host);
  await once(server, 'listening');
  admission.start();
  const { port } = server.address() as AddressInfo;
  const url = `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
  log.info({ url, version: options.version }, `${contract.name} listens on ${url}`);

  let stopping: Promise<void> | undefined;
  return {
    url,
    port,
    ready() {
      readiness.ready();
      log.info({ url }, `${contract.name} is ready`);
    },
    stop() {
      stopping ??= (async () => {
        readiness.drain();
        log.info({}, `${contract.name} stops: finishing the calls that run`);
        closing.abort(new MeshError('SERVICE_UNAVAILABLE', 'The service is stopping'));
        await Promise.all([drain(drainTimeoutMs), drainSockets(drainTimeoutMs)]);
        admission.stop();
      })();
      return stopping;
    },
  };
}
