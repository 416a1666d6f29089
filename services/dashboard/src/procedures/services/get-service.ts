import { adminCredentials } from '../../explorer/own-credentials.ts';
import { viewService } from '../../presenters/service-view.ts';
import type { DashboardDeps, DashboardHandler } from '../deps.ts';

export function getService({
  live,
  detail,
}: Pick<DashboardDeps, 'live' | 'detail'>): DashboardHandler<'services.get'> {
  return async ({ input: { service }, caller, errors }) => {
    const found = live.services().find((one) => one.service === service);
    if (!found) throw errors.SERVICE_NOT_FOUND({ service });
    const urls = found.replicas.map(({ url }) => url);
    return viewService(detail, { service, urls, authorization: adminCredentials(caller) });
  };
}
