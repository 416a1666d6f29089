import type { DashboardDeps, DashboardHandler } from '../deps.ts';

export function listStatus({ status }: DashboardDeps): DashboardHandler<'status.list'> {
  return async () => status.current();
}
