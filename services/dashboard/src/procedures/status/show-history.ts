import { presentPoint } from '../../presenters/history-point.ts';
import type { DashboardDeps, DashboardHandler } from '../deps.ts';

export function showHistory({ status, history }: DashboardDeps): DashboardHandler<'status.history'> {
  return async ({ input: { service, span }, errors }) => {
    if (!status.watches(service)) throw errors.SERVICE_NOT_FOUND({ service });
    return { points: history.points(service, span).map(presentPoint) };
  };
}
