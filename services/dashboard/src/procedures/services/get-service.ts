import { viewService } from '../../presenters/service-view.ts';
import type { DashboardDeps, DashboardHandler } from '../deps.ts';

export function getService({
  live,
  detail,
}: Pick<DashboardDeps, 'live' | 'detail'>): DashboardHandler<'services.get'> {
  return async ({ input: { service }, errors }) => {
    const found = live.services().find((one) => one.service === service);
    if (!found) throw errors.SERVICE_NOT_FOUND({ service });
    return viewService(
      detail,
      service,
      found.replicas.map(({ url }) => url),
    );
  };
}
