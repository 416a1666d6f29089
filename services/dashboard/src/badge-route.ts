import type { Route } from '@arcadium/mesh/server';
import { MeshError } from '@arcadium/mesh/contract';
import { drawBadge } from './badge.ts';
import type { StatusView } from './presenters/status-view.ts';

/**
 * Makes the route `/badge/<service>.svg`. An image in a README has no credentials, so badges exist only with a public view:
 * without one, whether a service exists and serves is for administrators.
 */
export function badgeRoute(status: StatusView, publicView: boolean): Route {
  return ({ url = '' }) => {
    const [, name] = /^\/badge\/([a-z][a-z0-9-]*)\.svg(?:\?.*)?$/.exec(url) ?? [];
    if (name === undefined) return undefined;
    if (!publicView) throw new MeshError('FORBIDDEN', 'Badges need PUBLIC_VIEW=true');
    const service = status.current().services.find((one) => one.service === name);
    if (!service) throw new MeshError('NOT_FOUND', `The dashboard watches no service "${name}"`);
    return {
      status: 200,
      text: drawBadge(service),
      headers: {
        'content-type': 'image/svg+xml',
        'cache-control': 'no-cache',
        'content-security-policy': "default-src 'none'",
        'x-content-type-options': 'nosniff',
      },
    };
  };
}
