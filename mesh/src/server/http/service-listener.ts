import type { RequestListener } from 'node:http';
import type { Service } from '../service.ts';
import type { Route } from './answer.ts';
import { withCors } from './cors.ts';
import { frontDoor } from './front-door.ts';
import { createListener } from './listener.ts';
import type { AdapterRoute } from '../trpc/adapter.ts';
import { systemRoutes } from './system-routes.ts';

/**
 * Makes the request listener of a service, with the routes that every service has and its own.
 *
 * @param closed Fires when calls are refused, because the server goes on without the service. @default never
 */
export function listenerOf(
  service: Service,
  own?: Readonly<Record<string, Route>>,
  closed?: AbortSignal,
): RequestListener {
  const { procedures, readiness, closing, access, peerOf, parts, partOf } = service;
  const { classify, log, authenticate, corsOrigins } = service.options;
  const { '/': home, ...others } = limitedRoutes(service, own);
  const routes = { ...systemRoutes(service), ...others };
  const exact = Object.keys(routes).filter((path) => !path.endsWith('*'));
  const adapterRoutes = new Map(
    parts.map((one) => [
      one,
      { router: one.part.routerOf(one.procedures, { classify, closing }), format: one.part.format },
    ]),
  );
  const listener = createListener({
    routeOf: (path) => adapterRoutes.get(partOf(path)) as AdapterRoute,
    procedures,
    routes: { '/': frontDoor(service, exact, home), ...routes },
    authenticate,
    access,
    peerOf,
    classify,
    readiness,
    contractHash: service.contractHash,
    closed,
    log,
  });
  return withCors(listener, corsOrigins);
}

/** Adds the rate limit to the service's own routes, which are public. */
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
