import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { socketPath } from '../wire/index.ts';
import type { Route } from './http/answer.ts';
import { interceptPaths } from './http/intercept.ts';
import { drainResponses } from './http/mounted-drain.ts';
import { listenerOf } from './http/service-listener.ts';
import { systemRoutes } from './http/system-routes.ts';
import { loadParts, type ServicePart } from './part.ts';
import { assemble, type ServiceOptions } from './service.ts';
import { upgradeHandler } from './socket/accept.ts';

export interface MountOptions extends Omit<ServiceOptions, 'metricsPort'> {
  /**
   * Path before all of the service's, such as `/internal`: `/internal/trpc`, `/internal/health`. Without one, the service
   * takes `/trpc`, `/trpc/*`, `/health`, `/api/status`, `/livez`, `/readyz`, `/metrics`, `/api/mesh`, `/api/tap`, `/api/contract` and `/openapi.json`.
   * @default ''
   */
  prefix?: string;
  /** Additional routes, for GET and HEAD, after the prefix. @default none */
  routes?: Readonly<Record<string, Route>>;
}

/** A service on a server of another framework. */
export interface MountedService {
  /** Ends the start: the service accepts calls, and `/readyz` answers 200. */
  ready(): void;
  /**
   * Not ready at once; accepts calls for the drain delay, then finishes the calls in progress and closes its WebSockets.
   * Then calls get SERVICE_UNAVAILABLE, and health checks are still answered. The server stays open: close it afterwards.
   */
  stop(): Promise<void>;
}

/**
 * Serves a tRPC router (`fromRouter`), a contract (`fromContract`) or several of them on an HTTP server that is there
 * already. Requests and WebSockets of the service's paths do not reach the server's other listeners; all others do, in any
 * order of registration. Limits of the server itself, such as `headersTimeout`, stay the owner's.
 *
 * @throws TypeError for an incomplete part, an invalid prefix, and a path that two parts have; Error for an invalid origin
 * in `webSocketOrigins` or `corsOrigins`; what a lazy router throws as it is loaded.
 * @example
 * const service = await mount(fromRouter(appRouter, { name: 'pages', createContext }), server, { version: '1.0.0' });
 * service.ready();
 * process.once('SIGTERM', async () => {
 *   await service.stop();
 *   server.close();
 * });
 */
export async function mount(
  parts: ServicePart | readonly ServicePart[],
  server: Server,
  { prefix = '', routes, ...options }: MountOptions,
): Promise<MountedService> {
  if (prefix !== '' && !/^(\/[\w.~-]+)+$/.test(prefix))
    throw new TypeError(`prefix must be empty, or a path such as /internal: "${prefix}" is not`);
  const all = Array.isArray(parts) ? (parts as readonly ServicePart[]) : [parts as ServicePart];
  await loadParts(all);
  const service = assemble(all, options);
  const { readiness, name, closing } = service;
  const listener = listenerOf(service, routes, closing);
  const onUpgrade = upgradeHandler(service);
  const own = prefix === '' ? ownPaths(Object.keys({ ...systemRoutes(service), ...routes })) : () => true;
  const drain = drainResponses(closing);
  interceptPaths(server, {
    pathOf: (target) => pathWithin(prefix, target, own),
    onRequest(request: IncomingMessage, response: ServerResponse) {
      drain.watch(response);
      listener(request, response);
    },
    onUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer) {
      onUpgrade(request, socket, head);
    },
  });
  service.options.log.info({ prefix, version: options.version }, `${name} is mounted`);

  return {
    ready() {
      readiness.ready();
      service.options.log.info({}, `${name} is ready`);
    },
    stop: () => service.stop(drain.finish),
  };
}

/** Whether a path is one of the service's, where it shares the root with an application. */
function ownPaths(routes: readonly string[]): (path: string) => boolean {
  const exact = new Set([...routes, socketPath]);
  const prefixes = [
    `${socketPath}/`,
    ...routes.filter((one) => one.endsWith('*')).map((one) => one.slice(0, -1)),
  ];
  return (path) => exact.has(path) || prefixes.some((one) => path.startsWith(one));
}

/** The target after the prefix, if it is the service's. */
function pathWithin(prefix: string, target: string, own: (path: string) => boolean): string | undefined {
  if (!target.startsWith(prefix)) return undefined;
  const rest = target.slice(prefix.length);
  if (prefix !== '' && rest !== '' && !/^[/?]/.test(rest)) return undefined;
  const within = rest.startsWith('/') ? rest : `/${rest}`;
  return own(within.split('?', 1)[0] ?? '') ? within : undefined;
}
