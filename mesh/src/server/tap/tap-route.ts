import type { Route } from '../http/answer.ts';
import { guarded, operators } from '../http/guarded.ts';
import type { Service } from '../service.ts';

/**
 * Makes the route `/api/tap`: the calls that have ended since the last request, for services and administrators. With
 * `after`, the cursors of the answers so far. Each request is authorised by itself: a revoked reader sees nothing more.
 */
export function tapRoute(service: Service): Record<string, Route> {
  const { tap, name } = service;
  if (tap.mode === 'off') return {};
  const read: Route = ({ url = '' }) => {
    const { searchParams } = new URL(url, 'http://service');
    return {
      status: 200,
      body: { service: name, mode: tap.mode, ...tap.read(searchParams.get('after') ?? '') },
    };
  };
  return { '/api/tap': guarded(service, { path: '/api/tap', rule: operators }, read) };
}
